namespace ImgAlign.Tokenizers;

/// <summary>What a piece of a sentencepiece model is, with the numbers of its files.</summary>
public enum PieceKind
{
    Normal = 1,

    /// <summary>Stands for what no piece covers.</summary>
    Unknown = 2,

    /// <summary>Is never found in a text, such as <c>&lt;/s&gt;</c>.</summary>
    Control = 3,

    /// <summary>Is always one token.</summary>
    UserDefined = 4,

    Unused = 5,

    /// <summary>One byte of a character that no piece covers.</summary>
    Byte = 6,
}

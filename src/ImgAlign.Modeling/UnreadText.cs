namespace ImgAlign;

/// <summary>The end of a prompt that a text encoder does not read, since it reads so many tokens and no more.</summary>
/// <param name="encoder">The encoder's name, such as <c>T5</c>.</param>
/// <param name="tokens">The most tokens of text that it reads.</param>
/// <param name="text">What it does not read, from the first word that it does not read whole.</param>
public sealed class UnreadText(string encoder, int tokens, string text)
{
    /// <summary>The encoder's name, such as <c>T5</c>.</summary>
    public string Encoder { get; } = encoder;

    /// <summary>The most tokens of text that it reads.</summary>
    public int Tokens { get; } = tokens;

    /// <summary>What it does not read, from the first word that it does not read whole.</summary>
    public string Text { get; } = text;
}

namespace ImgAlign.Tokenizers;

/// <summary>A part of a prompt in the notation of weights.</summary>
/// <param name="Text">Its words, as they were written but for the notation.</param>
/// <param name="Weight">How much they count; null: this is a break, behind which the next chunk begins.</param>
public readonly record struct PromptFragment(string Text, double? Weight)
{
    /// <summary>A break.</summary>
    public static PromptFragment Break { get; } = new("BREAK", null);
}

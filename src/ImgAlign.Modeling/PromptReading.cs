namespace ImgAlign;

/// <summary>What a diffusion model makes of a prompt before anything is computed.</summary>
/// <param name="Text">Its words, for the models that read it beside the diffusion model: the prompt itself, or what is left of it without a
/// notation.</param>
public sealed record PromptReading(string Text)
{
    /// <summary>How many tokens of features it becomes; prompts that are computed together have the same number. 0: as many as any
    /// other.</summary>
    public int Tokens { get; init; }

    /// <summary>What the text encoders do not read of it, one entry an encoder; empty where they read all of it.</summary>
    public IReadOnlyList<UnreadText> Unread { get; init; } = [];
}

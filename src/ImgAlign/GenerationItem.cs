namespace ImgAlign;

/// <summary>One picture of a request.</summary>
public record GenerationItem
{
    /// <summary>Asks for a picture.</summary>
    /// <param name="prompt">What it should show.</param>
    public GenerationItem(string prompt) => Prompt = prompt;

    /// <summary>What the picture should show.</summary>
    public string Prompt { get; init; }

    /// <summary>
    /// What the picture must not show; null: the family's unconditional prompt (SDXL: zeros, which is not the same as "").
    /// </summary>
    public string? NegativePrompt { get; init; }

    /// <summary>The seed of the noise, and of the question to the detector when none is given: 0 or more.</summary>
    public long Seed { get; init; }

    /// <summary>The size of the picture in pixels; null: the backbone's default, or the size of the picture that is given.</summary>
    public ImageSize? Size { get; init; }

    /// <summary>
    /// A picture. For a generation: an image prompt, which the new picture follows as far as <see cref="SamplingRequest.ImagePromptScale"/>
    /// says, or with <see cref="SamplingRequest.Strength"/> what it starts from. For an alignment: the picture to align; null: the backbone
    /// generates one first.
    /// </summary>
    public RgbImage? Image { get; init; }

    /// <summary>
    /// Where the noise comes from; null: a generator of its own with the <see cref="Seed"/>. Items that share one draw together, in their
    /// order, at each step, and are computed in one batch. What is drawn is kept until the run ends, so that each round starts from the
    /// same noise.
    /// </summary>
    public INoiseSource? Noise { get; init; }
}

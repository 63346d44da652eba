namespace ImgAlign;

/// <summary>What the pipeline must know of a backbone: its sizes and the defaults of its family.</summary>
public sealed record BackboneInfo
{
    /// <summary>The name in records and messages, such as <c>SDXL</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Width and height must be multiples of this many pixels.</summary>
    public required int SizeMultiple { get; init; }

    /// <summary>The only size that is generated; null: any of such multiples.</summary>
    public ImageSize? FixedSize { get; init; }

    /// <summary>The size generated when none is asked for.</summary>
    public required ImageSize DefaultSize { get; init; }

    /// <summary>The number of sampler steps when none is asked for.</summary>
    public required int DefaultSteps { get; init; }

    /// <summary>The classifier-free guidance scale when none is asked for.</summary>
    public required double DefaultGuidance { get; init; }

    /// <summary>The first step, from 0, with classifier-free guidance; earlier ones run the prompt's branch alone.</summary>
    public int GuidanceStartStep { get; init; }

    /// <summary>The scale of the image prompt when none is asked for (IMG uses 0.2).</summary>
    public double DefaultImagePromptScale { get; init; } = 0.2;

    /// <summary>True when <see cref="MicroConditioning"/> means something to this family.</summary>
    public bool SupportsMicroConditioning { get; init; }

    /// <summary>The number of image-prompt tokens, n.</summary>
    public required int ImagePromptTokens { get; init; }

    /// <summary>The width of an image-prompt token, d.</summary>
    public required int ImagePromptWidth { get; init; }

    /// <summary>The LoRAs that are merged into it.</summary>
    public IReadOnlyList<AppliedLora> Loras { get; init; } = [];

    /// <summary>Refuses a size that the model cannot generate.</summary>
    /// <param name="size">The size of a picture.</param>
    /// <exception cref="ArgumentException">A side is not positive, or not a multiple of <see cref="SizeMultiple"/>, or the size is not the <see cref="FixedSize"/>.</exception>
    public void RequireSize(ImageSize size)
    {
        if (FixedSize is { } only && size != only)
            throw new ArgumentException($"{Name} generates pictures of {only} pixels only, but {size} was asked for.", nameof(size));
        if (size.Width < 1 || size.Height < 1 || size.Width % SizeMultiple != 0 || size.Height % SizeMultiple != 0)
            throw new ArgumentException($"{Name} generates widths and heights that are multiples of {SizeMultiple} pixels, but {size} was asked for.", nameof(size));
    }
}

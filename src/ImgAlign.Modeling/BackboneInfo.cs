namespace ImgAlign;

/// <summary>What a run must know of a backbone: its sizes and the defaults of its family.</summary>
public sealed record BackboneInfo
{
    /// <summary>The most pixels of a side of a picture that is generated.</summary>
    public const int MaxSide = 8192;

    /// <summary>Width and height must be multiples of this many pixels.</summary>
    public required int SizeMultiple { get; init; }

    /// <summary>The size generated when none is asked for.</summary>
    public required ImageSize DefaultSize { get; init; }

    /// <summary>The number of sampler steps when none is asked for.</summary>
    public required int DefaultSteps { get; init; }

    /// <summary>The guidance scale when none is asked for, as on the model's card.</summary>
    public required double DefaultGuidance { get; init; }

    /// <summary>The scale of the image prompt when none is asked for (IMG uses 0.2).</summary>
    public double DefaultImagePromptScale { get; init; } = 0.2;

    /// <summary>The number of image-prompt tokens, n; 0 without an image prompt.</summary>
    public required int ImagePromptTokens { get; init; }

    /// <summary>The width of an image-prompt token, d; 0 without an image prompt.</summary>
    public required int ImagePromptWidth { get; init; }

    /// <summary>The LoRAs that are merged into it.</summary>
    public IReadOnlyList<AppliedLora> Loras { get; init; } = [];

    /// <summary>The size nearest to one that was asked for whose sides are multiples of <see cref="SizeMultiple"/>, from one multiple to
    /// <see cref="MaxSide"/>.</summary>
    /// <param name="size">A size in pixels.</param>
    public ImageSize NearestSize(ImageSize size) => new(NearestSide(size.Width), NearestSide(size.Height));

    private int NearestSide(int side) => Math.Clamp((int)Math.Round((double)side / SizeMultiple), 1, MaxSide / SizeMultiple) * SizeMultiple;
}

namespace ImgAlign.Training.Aligner;

/// <summary>The networks that an aligner is trained for; they stay as they are.</summary>
/// <param name="imagePrompt">Encodes pictures.</param>
/// <param name="detector">Reads pictures and prompts.</param>
/// <param name="tokens">The number of image-prompt tokens, n.</param>
/// <param name="tokenWidth">Their width, d.</param>
/// <param name="imagePromptFingerprint">Tells this encoder's features from those of another (<see cref="Data.ModelFingerprint"/>).</param>
/// <param name="detectorFingerprint">The same of the detector, with how it is asked.</param>
public sealed class FrozenModels(
    IImagePromptEncoder imagePrompt,
    IMisalignmentDetector detector,
    int tokens,
    int tokenWidth,
    string imagePromptFingerprint,
    string detectorFingerprint
)
{
    /// <summary>Encodes pictures.</summary>
    public IImagePromptEncoder ImagePrompt { get; } = imagePrompt;

    /// <summary>Reads pictures and prompts.</summary>
    public IMisalignmentDetector Detector { get; } = detector;

    /// <summary>The number of image-prompt tokens, n.</summary>
    public int Tokens { get; } = tokens;

    /// <summary>Their width, d.</summary>
    public int TokenWidth { get; } = tokenWidth;

    /// <summary>Tells this encoder's features from those of another (<see cref="Data.ModelFingerprint"/>).</summary>
    public string ImagePromptFingerprint { get; } = imagePromptFingerprint;

    /// <summary>The same of the detector, with how it is asked.</summary>
    public string DetectorFingerprint { get; } = detectorFingerprint;
}

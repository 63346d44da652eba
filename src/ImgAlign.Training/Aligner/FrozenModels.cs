namespace ImgAlign.Training.Aligner;

/// <summary>The networks that an aligner is trained for; they stay as they are.</summary>
/// <param name="imagePrompt">Encodes pictures.</param>
/// <param name="detector">Reads pictures and prompts.</param>
/// <param name="tokens">The number of image-prompt tokens, n.</param>
/// <param name="tokenWidth">Their width, d.</param>
/// <param name="imagePromptFingerprint">Tells this encoder's features from those of another, in another number format, too
/// (<see cref="Data.ModelFingerprint"/>).</param>
/// <param name="detectorFingerprint">The same of the detector, with how it is set up.</param>
/// <param name="question">What the detector is asked, with <see cref="Detectors.Questions.Placeholder"/> in the prompt's place; null: what
/// each sample draws.</param>
public sealed class FrozenModels(
    IImagePromptEncoder imagePrompt,
    IMisalignmentDetector detector,
    int tokens,
    int tokenWidth,
    string imagePromptFingerprint,
    string detectorFingerprint,
    string? question = null
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

    /// <summary>Tells this encoder's features from those of another.</summary>
    public string ImagePromptFingerprint { get; } = imagePromptFingerprint;

    /// <summary>The same of the detector, with how it is set up.</summary>
    public string DetectorFingerprint { get; } = detectorFingerprint;

    /// <summary>What the detector is asked; null: what each sample draws.</summary>
    public string? Question { get; } = question;
}

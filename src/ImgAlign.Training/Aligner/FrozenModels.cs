namespace ImgAlign.Training.Aligner;

/// <summary>The networks that an aligner is trained for; they stay as they are.</summary>
/// <param name="ImagePrompt">Encodes pictures.</param>
/// <param name="Detector">Reads pictures and prompts.</param>
/// <param name="Tokens">The number of image-prompt tokens, n.</param>
/// <param name="TokenWidth">Their width, d.</param>
/// <param name="ImagePromptFingerprint">Tells this encoder's features from those of another (<see cref="Data.ModelFingerprint"/>).</param>
/// <param name="DetectorFingerprint">The same of the detector, with how it is asked.</param>
public sealed record FrozenModels(
    IImagePromptEncoder ImagePrompt, IMisalignmentDetector Detector, int Tokens, int TokenWidth, string ImagePromptFingerprint, string DetectorFingerprint);

using ImgAlign.Alignment;
using ImgAlign.Detectors;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>The first half of a round (IMG, section 3), of one of many pictures. The tensors belong to the caller's dispose scope.</summary>
/// <param name="HiddenStates">The detector's, on reading picture and prompt, <c>[1, N, D]</c>.</param>
/// <param name="Features">The picture's own image-prompt features, <c>[1, n, d]</c>.</param>
internal sealed record RoundReading(Tensor HiddenStates, Tensor Features)
{
    /// <summary>Reads pictures; each prompt's place draws its question.</summary>
    /// <param name="detector">Reads.</param>
    /// <param name="encoder">Encodes.</param>
    /// <param name="prompts">What was asked for.</param>
    /// <param name="images">What was drawn.</param>
    /// <param name="template">What is asked in every case; null: a drawn question.</param>
    public static IReadOnlyList<RoundReading> Read(IMisalignmentDetector detector, IImagePromptEncoder encoder, IReadOnlyList<string> prompts, IReadOnlyList<RgbImage> images, string? template = null) =>
    [
        .. images.Select((image, index) => new RoundReading(
            detector.Detect(image, Questions.Ask(template ?? Questions.Draw(index), prompts[index])).HiddenStates, encoder.Encode([image]))),
    ];

    /// <summary>Aligned features of all pictures, <c>[B, n, d]</c>.</summary>
    public static Tensor Align(IReadOnlyList<RoundReading> readings, ImplicitAligner aligner, int passes) =>
        cat([.. readings.Select(reading => aligner.Align(reading.HiddenStates, reading.Features, passes))]);
}

using ImgAlign.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Testing.Reference;

/// <summary>The colour world's detector: hidden states of width 6 hold the colours of a picture's quarters, and last the question's
/// colour.</summary>
/// <param name="runtime">Where to compute.</param>
public sealed class ColourDetector(DeviceRuntime runtime) : IMisalignmentDetector
{
    /// <inheritdoc/>
    public string Name => "Colour reader";

    /// <inheritdoc/>
    public DeviceRuntime Runtime => runtime;

    /// <inheritdoc/>
    public int HiddenSize => 6;

    /// <summary>Every question can be asked.</summary>
    /// <param name="question">The question.</param>
    public void CheckQuestion(string question) { }

    /// <inheritdoc/>
    public IReadOnlyList<Detection> Detect(
        IReadOnlyList<DetectionInput> inputs,
        int critiqueTokens = 0,
        CancellationToken cancellationToken = default
    )
    {
        cancellationToken.ThrowIfCancellationRequested();
        return [.. inputs.Select(input => Detect(input.Image, input.Question, critiqueTokens))];
    }

    /// <summary>Owns nothing.</summary>
    public void Dispose() { }

    private Detection Detect(RgbImage image, string question, int critiqueTokens)
    {
        using var scope = NewDisposeScope();
        var seen = tensor(Colour.Quarters(image), [4, 3], device: runtime.Device);
        var asked = tensor(Colour.Of(question), [1, 3], device: runtime.Device);
        var seenStates = cat([seen, zeros_like(seen)], 1);
        var askedStates = cat([zeros_like(asked), asked], 1);
        var states = cat([seenStates, askedStates]).unsqueeze(0); // [1, 5, 6]
        return new Detection(states.MoveToOuterDisposeScope(), critiqueTokens > 0 ? Answer(image, question, critiqueTokens) : null);
    }

    private static string Answer(RgbImage image, string question, int maxWords)
    {
        string[] words = ["Make", "the", "colour", Text(Colour.Of(question)), "instead", "of", Text(Colour.Mean(image)) + "."];
        return string.Join(' ', words.Take(maxWords));
    }

    private static string Text(float[] colour) =>
        "#" + string.Concat(colour.Select(static value => ((int)MathF.Round(255 * value)).ToString("x2", null)));
}

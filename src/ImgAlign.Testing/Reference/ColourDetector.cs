using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Testing.Reference;

/// <summary>The colour world's detector: hidden states of width 6 hold the colours of a picture's quarters, and last the question's colour.</summary>
public sealed class ColourDetector : IMisalignmentDetector
{
    private readonly Device device;

    /// <summary>Makes the model.</summary>
    /// <param name="device">Where to compute; null is the CPU.</param>
    public ColourDetector(Device? device = null) => this.device = device ?? CPU;

    /// <inheritdoc/>
    public string Name => "Colour reader";

    /// <inheritdoc/>
    public int HiddenSize => 6;

    /// <summary>Every question can be asked.</summary>
    /// <param name="question">The question.</param>
    public void CheckQuestion(string question) { }

    /// <inheritdoc/>
    public Detection Detect(RgbImage image, string question, int critiqueTokens = 0, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var scope = NewDisposeScope();
        var seen = tensor(Colour.Quarters(image), [4, 3], device: device);
        var asked = tensor(Colour.Of(question), [1, 3], device: device);
        var seenStates = cat([seen, zeros_like(seen)], 1);
        var askedStates = cat([zeros_like(asked), asked], 1);
        var states = cat([seenStates, askedStates]).unsqueeze(0);  // [1, 5, 6]
        return new Detection(states.MoveToOuterDisposeScope(), critiqueTokens > 0 ? Answer(image, question, critiqueTokens) : null);
    }

    /// <summary>Owns nothing.</summary>
    public void Dispose() { }

    private static string Answer(RgbImage image, string question, int maxWords)
    {
        string[] words = ["Make", "the", "colour", Text(Colour.Of(question)), "instead", "of", Text(Colour.Mean(image)) + "."];
        return string.Join(' ', words.Take(maxWords));
    }

    private static string Text(float[] colour) => "#" + string.Concat(colour.Select(static value => ((int)MathF.Round(255 * value)).ToString("x2", null)));
}

using TorchSharp;

namespace ImgAlign.Testing;

/// <summary>
/// What the pipeline relies on in every <see cref="IMisalignmentDetector"/>, as checks that its author can run: hidden states of the width
/// that it says, the same again, in a batch, and with an answer in words; questions that are too long are refused beforehand; no leaks.
/// Needs no test framework.
/// </summary>
public static class DetectorConformance
{
    /// <summary>Checks a detector; not on the worker thread of its device, which the check needs.</summary>
    /// <param name="detector">The detector, best at a tiny configuration and in float32.</param>
    /// <returns>One sentence for everything that is wrong; empty when the detector conforms.</returns>
    public static IReadOnlyList<string> Check(IMisalignmentDetector detector)
    {
        ArgumentNullException.ThrowIfNull(detector);
        var checks = new Checks(detector);
        return checks.Run(detector, checks.Reading, checks.Answers, checks.LongQuestion);
    }

    private sealed class Checks(IMisalignmentDetector detector) : ConformanceChecks
    {
        private readonly IReadOnlyList<DetectionInput> inputs =
        [
            new(Gradient(new ImageSize(64, 64), 0), "What is missing?"),
            new(Gradient(new ImageSize(90, 40), 140), "What has to change so that it shows a red house?"),
        ];

        public void Reading()
        {
            using var scope = torch.NewDisposeScope();
            var together = Detect(inputs);
            foreach (var (states, input) in together.Zip(inputs))
            {
                var isRow = states.shape is [1, > 0, var width] && width == detector.HiddenSize;
                Require(isRow, $"Hidden states are {Shape(states)}, not [1, N, {detector.HiddenSize}].");
                RequireDevice(states, detector, "Hidden states");
                RequireSame(states, Detect([input])[0], "Hidden states are not those of a pair alone");
            }
            foreach (var (states, again) in together.Zip(Detect(inputs)))
                RequireSame(states, again, "Hidden states are not those of a second reading");
            var other = Detect([inputs[0] with { Image = Gradient(new ImageSize(64, 64), 140) }])[0];
            Require(!together[0].allclose(other), "Two pictures have the same hidden states.");
        }

        public void Answers()
        {
            using var scope = torch.NewDisposeScope();
            using var silent = detector.Detect([inputs[0]])[0];
            using var answered = detector.Detect([inputs[0]], critiqueTokens: 3)[0];
            Require(silent.Critique is null, "There is an answer in words, but none was asked for.");
            RequireSame(answered.HiddenStates, silent.HiddenStates, "Hidden states are not those of a reading without an answer");
        }

        public void LongQuestion()
        {
            var question = string.Join(' ', Enumerable.Repeat(inputs[0].Question, 100_000));
            try
            {
                detector.CheckQuestion(inputs[0].Question);
                detector.CheckQuestion(question);
                Problems.Add("CheckQuestion takes a question of 300,000 words.");
            }
            catch (ArgumentException) { }
        }

        // In the current dispose scope.
        private List<torch.Tensor> Detect(IReadOnlyList<DetectionInput> pairs)
        {
            var detections = detector.Detect(pairs);
            Require(detections.Count == pairs.Count, $"Detect gives {detections.Count} results for {pairs.Count} pairs.");
            return [.. detections.Select(static detection => detection.HiddenStates)];
        }
    }
}

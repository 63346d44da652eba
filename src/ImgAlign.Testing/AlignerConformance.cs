using static TorchSharp.torch;

namespace ImgAlign.Testing;

/// <summary>
/// What the pipeline relies on in every <see cref="IImplicitAligner"/>, as checks that its author can run: features of the shape that it is
/// given, the same again, in a batch, and several passes as one after the other; hidden states of any length; no leaks. Needs no test
/// framework.
/// </summary>
public static class AlignerConformance
{
    /// <summary>Checks an aligner; not on the worker thread of its device, which the check needs.</summary>
    /// <param name="aligner">The aligner, best in float32.</param>
    /// <returns>One sentence for everything that is wrong; empty when the aligner conforms.</returns>
    public static IReadOnlyList<string> Check(IImplicitAligner aligner)
    {
        ArgumentNullException.ThrowIfNull(aligner);
        var checks = new Checks(aligner);
        return checks.Run(aligner, checks.Batch, checks.Passes);
    }

    private sealed class Checks(IImplicitAligner aligner) : ConformanceChecks
    {
        public void Batch()
        {
            using var scope = NewDisposeScope();
            var (h, z) = Inputs(length: 9);
            var aligned = Align(h, z, 1);
            RequireSame(Align(h, z, 1), aligned, "Aligned features are not the same a second time");
            for (var row = 0; row < 2; row++)
                RequireSame(
                    Align(h.narrow(0, row, 1), z.narrow(0, row, 1), 1),
                    aligned.narrow(0, row, 1),
                    "Aligned features of a batch are not those of its items"
                );
            Require(!aligned.allclose(z), "Aligned features are those that were given.");
            Require(!h.IsInvalid && !z.IsInvalid, "An argument was disposed; arguments are borrowed.");
        }

        public void Passes()
        {
            using var scope = NewDisposeScope();
            var (h, z) = Inputs(length: 4);
            RequireSame(Align(h, z, 3), Align(h, Align(h, Align(h, z, 1), 1), 1), "Three passes are not one pass three times");
        }

        // In the current dispose scope.
        private (Tensor H, Tensor Z) Inputs(int length)
        {
            using var generator = new Generator(1, CPU);
            var tokens = aligner.Origin?.Tokens ?? 4;
            return (Draw(length, aligner.DetectorWidth), Draw(tokens, aligner.TokenWidth));

            Tensor Draw(int count, int width) => randn([2, count, width], generator: generator).to(aligner.Runtime.Device);
        }

        private Tensor Align(Tensor h, Tensor z, int passes)
        {
            var aligned = aligner.Align(h, z, passes);
            Require(aligned.shape.SequenceEqual(z.shape), $"Aligned features are {Shape(aligned)}, not {Shape(z)} as those given.");
            RequireDevice(aligned, aligner, "Aligned features");
            return aligned;
        }
    }
}

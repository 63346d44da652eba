using ImgAlign.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Testing;

/// <summary>
/// What the pipeline relies on in every <see cref="IDiffusionBackbone"/>, as checks that its author can run: shapes, determinism, batch =
/// items, scale 0 = no image prompt, no leaks. Needs no test framework.
/// </summary>
public static class BackboneConformance
{
    private const double Tolerance = 1e-3;

    /// <summary>Checks a backbone.</summary>
    /// <param name="backbone">The backbone, best at a tiny configuration and in float32.</param>
    /// <param name="size">The size to generate; null: its default.</param>
    /// <returns>One sentence for everything that is amiss; empty when the backbone conforms.</returns>
    public static IReadOnlyList<string> Check(IDiffusionBackbone backbone, ImageSize? size = null)
    {
        using var stack = SignalStack.Enlarge();
        using var noGrad = no_grad();
        var checks = new Checks(backbone, size ?? backbone.Info.DefaultSize);
        checks.Leakless("the first use", checks.Generation);  // loads what is loaded on first use
        checks.Problems.Clear();
        checks.Leakless(nameof(checks.Schedule), checks.Schedule);
        checks.Leakless(nameof(checks.Noise), checks.Noise);
        checks.Leakless(nameof(checks.Text), checks.Text);
        checks.Leakless(nameof(checks.ImagePrompt), checks.ImagePrompt);
        checks.Leakless(nameof(checks.Generation), checks.Generation);
        return checks.Problems;
    }

    private sealed class Checks(IDiffusionBackbone backbone, ImageSize size)
    {
        public List<string> Problems { get; } = [];

        public void Schedule()
        {
            foreach (var count in (int[])[1, 2, 7])
            {
                var steps = backbone.CreateSchedule(count, size).Steps;
                Require(steps.Count == count, $"CreateSchedule({count}) has {steps.Count} steps.");
                Require(steps.Select(static step => step.Index).SequenceEqual(Enumerable.Range(0, steps.Count)), "The steps of a schedule are not numbered from 0.");
                Require(steps.All(static step => step.Sigma > step.NextSigma), "The noise level of a schedule does not fall in every step.");
                Require(steps.Zip(steps.Skip(1)).All(static pair => pair.First.NextSigma == pair.Second.Sigma), "A step of a schedule does not begin where the one before ends.");
                Require(steps[^1].NextSigma == 0, "A schedule does not end at noise level 0.");
            }
        }

        public void Noise()
        {
            using var first = backbone.CreateNoise(size, 7);
            using var again = backbone.CreateNoise(size, 7);
            using var other = backbone.CreateNoise(size, 8);
            using var pair = backbone.CreateNoise(size, 7, 2);
            Require(first.shape[0] == 1 && first.ndim == 4, $"CreateNoise gives {Shape(first)}, not [1, C, h, w].");
            Require(pair.shape[0] == 2, $"CreateNoise of a batch of 2 gives {Shape(pair)}.");
            Require(Difference(first, again) == 0, "CreateNoise gives different noise for the same seed.");
            Require(Difference(first, other) > 0, "CreateNoise gives the same noise for different seeds.");
            using var head = pair.narrow(0, 0, 1);
            Require(Difference(first, head) == 0, "The first noise of a batch is not the noise of a single picture.");
        }

        public void Text()
        {
            using var pair = backbone.EncodeText(["a red house", null]);
            using var single = backbone.EncodeText(["a red house"]);
            using var empty = backbone.EncodeText([null]);
            Require(pair.Batch == 2 && single.Batch == 1, "EncodeText does not give one feature row a prompt.");
            RequireRows(pair.Tokens, single.Tokens, empty.Tokens, "The tokens of a batch of prompts");
            RequireRows(pair.Pooled, single.Pooled, empty.Pooled, "The pooled features of a batch of prompts");
        }

        public void ImagePrompt()
        {
            RgbImage[] images = [Gradient(size, 0), Gradient(new ImageSize(size.Width + 24, size.Height), 128)];
            using var pair = backbone.ImagePrompt.Encode(images);
            using var first = backbone.ImagePrompt.Encode([images[0]]);
            using var second = backbone.ImagePrompt.Encode([images[1]]);
            using var none = backbone.ImagePrompt.EncodeUnconditional();
            long[] expected = [1, backbone.Info.ImagePromptTokens, backbone.Info.ImagePromptWidth];
            Require(first.shape.SequenceEqual(expected), $"ImagePrompt.Encode gives {Shape(first)}, but Info says [B, {expected[1]}, {expected[2]}].");
            Require(none.shape.SequenceEqual(expected), $"ImagePrompt.EncodeUnconditional gives {Shape(none)}, but Info says [1, {expected[1]}, {expected[2]}].");
            RequireRows(pair, first, second, "The features of a batch of images");
        }

        public void Generation()
        {
            using var scope = NewDisposeScope();
            var step = backbone.CreateSchedule(2, size).Steps[1];
            using var text = backbone.EncodeText([null, "a red house"]);
            using var firstText = backbone.EncodeText([null]);
            using var secondText = backbone.EncodeText(["a red house"]);
            using var images = backbone.ImagePrompt.Encode([Gradient(size, 0), Gradient(size, 128)]);
            using var x = backbone.CreateNoise(size, 7, 2);

            using var plain = Derivative(x, step, text, null, 0);
            using var again = Derivative(x, step, text, null, 0);
            using var scaleZero = Derivative(x, step, text, images, 0);
            using var prompted = Derivative(x, step, text, images, 1);
            Require(plain.shape.SequenceEqual(x.shape) && plain.dtype == float32, $"Derivative gives {Shape(plain)} {plain.dtype}, not float32 of the sample's shape {Shape(x)}.");
            Require(Difference(plain, again) == 0, "Derivative is not the same for the same arguments.");
            Require(Difference(plain, scaleZero) <= Tolerance, "An image prompt of scale 0 is not the same as none.");
            Require(Difference(plain, prompted) > 0, "An image prompt of scale 1 changes nothing.");

            using var first = Derivative(x.narrow(0, 0, 1), step, firstText, images.narrow(0, 0, 1), 1);
            using var second = Derivative(x.narrow(0, 1, 1), step, secondText, images.narrow(0, 1, 1), 1);
            RequireRows(prompted, first, second, "The derivatives of a batch");

            var pictures = backbone.Decode(x);
            Require(pictures.Count == 2, $"Decode gives {pictures.Count} pictures for a batch of 2.");
            Require(pictures.All(picture => picture.Size == size), $"Decode gives a picture of {pictures[0].Size}, not {size}.");
            Require(!x.IsInvalid && !text.Tokens.IsInvalid && !images.IsInvalid, "An argument was disposed; arguments are borrowed.");
        }

        public void Leakless(string what, Action check)
        {
            // What others have left to the collector would be counted as ours when it goes.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            var before = Tensor.TotalCount;
            try
            {
                check();
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                Problems.Add($"{what}: {exception.GetType().Name}: {exception.Message}");
            }
            Require(Tensor.TotalCount == before, $"{what}: {Tensor.TotalCount - before} tensors are left over.");
        }

        private Tensor Derivative(Tensor x, SigmaStep step, TextFeatures text, Tensor? images, double scale)
        {
            using var conditioning = backbone.Condition(text, images, scale, size);
            Require(conditioning.Batch == text.Batch, $"Condition says it is for {conditioning.Batch} samples, not {text.Batch}.");
            return backbone.Derivative(x, step, conditioning);
        }

        private void RequireRows(Tensor pair, Tensor first, Tensor second, string what)
        {
            using var both = cat([first, second]);
            Require(both.shape.SequenceEqual(pair.shape), $"{what} have the shape {Shape(pair)}, one by one {Shape(both)}.");
            if (both.shape.SequenceEqual(pair.shape)) Require(Difference(both, pair) <= Tolerance, $"{what} are not those of its items.");
        }

        private void Require(bool condition, string problem)
        {
            if (!condition) Problems.Add(problem);
        }

        private static double Difference(Tensor a, Tensor b)
        {
            using var scope = NewDisposeScope();
            return (a.to(float64) - b.to(float64)).abs().max().cpu().item<double>();
        }

        private static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";

        private static RgbImage Gradient(ImageSize size, int offset)
        {
            var pixels = new byte[3 * size.Width * size.Height];
            for (var i = 0; i < pixels.Length; i++) pixels[i] = (byte)(offset + 5 * (i % 3) + 100L * i / pixels.Length);
            return new RgbImage(size.Width, size.Height, pixels);
        }
    }
}

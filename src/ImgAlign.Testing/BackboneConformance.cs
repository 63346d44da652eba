using ImgAlign.Runtime;
using ImgAlign.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Testing;

/// <summary>
/// What the pipeline relies on in every <see cref="IDiffusionBackbone"/>, as checks that its author can run: shapes, devices, determinism,
/// batch = items, items = the same alone and on another device, scale 0 = no image prompt, no leaks. Needs no test framework.
/// </summary>
public static class BackboneConformance
{
    private const double Tolerance = 1e-3;
    private const int MostRounding = 2; // of 255

    /// <summary>Checks a backbone; not on the worker thread of its device, which the runs of the check need.</summary>
    /// <param name="backbone">The backbone, best at a tiny configuration and in float32.</param>
    /// <param name="size">The size to generate; null: its default.</param>
    /// <param name="prompts">Two different prompts that it can draw; null: "a red house" and "a blue house".</param>
    /// <param name="replica">The same model on another device (another <see cref="DeviceRuntime"/>), to share items with; null: items are
    /// not shared.</param>
    /// <returns>One sentence for everything that is wrong; empty when the backbone conforms.</returns>
    public static IReadOnlyList<string> Check(
        IDiffusionBackbone backbone,
        ImageSize? size = null,
        IReadOnlyList<string>? prompts = null,
        IDiffusionBackbone? replica = null
    )
    {
        if (backbone.Runtime.IsWorkerThread)
            throw new InvalidOperationException(
                "The check runs the backbone on its device's worker thread and waits for it; call it from another thread."
            );
        var checks = new Checks(backbone, size ?? backbone.Info.DefaultSize, prompts ?? ["a red house", "a blue house"]);
        backbone
            .Runtime.RunAsync(() =>
            {
                checks.Leakless("the first use", checks.Generation); // loads what is loaded on first use
                checks.Problems.Clear();
                checks.Leakless(nameof(checks.Schedule), checks.Schedule);
                checks.Leakless(nameof(checks.Size), checks.Size);
                checks.Leakless(nameof(checks.Text), checks.Text);
                checks.Leakless(nameof(checks.ImagePrompt), checks.ImagePrompt);
                checks.Leakless(nameof(checks.Generation), checks.Generation);
            })
            .GetAwaiter()
            .GetResult();
        checks.Leakless(nameof(checks.Items), checks.Items);
        if (replica is not null)
            checks.Leakless(nameof(checks.Shared), () => checks.Shared(replica));
        return checks.Problems;
    }

    private sealed class Checks(IDiffusionBackbone backbone, ImageSize size, IReadOnlyList<string> prompts) : ConformanceChecks
    {
        public void Schedule()
        {
            foreach (var count in (int[])[1, 2, 7])
            {
                var schedule = backbone.CreateSchedule(Settings with { Steps = count }, size);
                Require(schedule.Steps == count, $"CreateSchedule for {count} steps has {schedule.Steps}.");
                Require(
                    schedule.Levels.Zip(schedule.Ends).All(static step => step.First.LogSnr < step.Second.LogSnr),
                    "The noise level of a schedule does not fall in every step."
                );
            }
        }

        public void Size()
        {
            Require(
                backbone.NearestSize(size) == size,
                $"The size {size} is to be generated, but the nearest size is {backbone.NearestSize(size)}."
            );
            var nearest = backbone.NearestSize(new ImageSize(size.Width + 1, size.Height + 1));
            Require(backbone.NearestSize(nearest) == nearest, $"The nearest size {nearest} is not one that is generated.");
            Require(
                backbone.LatentShape(size) is [> 0, > 0, > 0],
                $"LatentShape gives [{string.Join(", ", backbone.LatentShape(size))}], not [C, h, w]."
            );
        }

        public void Text()
        {
            using var pair = backbone.EncodeText([prompts[0], null]);
            using var single = backbone.EncodeText([prompts[0]]);
            Require(pair.Batch == 2 && single.Batch == 1, "EncodeText does not give one feature row a prompt.");
            using var swapped = pair.Select([1, 0, 0]);
            using var joined = pair.Concat(single);
            Require(swapped.Batch == 3 && joined.Batch == 3, "Select or Concat gives another number of rows than asked for.");
        }

        public void ImagePrompt()
        {
            if (backbone.ImagePrompt is not { } encoder)
            {
                Require(
                    backbone.Info is { ImagePromptTokens: 0, ImagePromptWidth: 0 },
                    "There is no image prompt, but Info says how many tokens it has."
                );
                return;
            }
            RgbImage[] images = [Gradient(size, 0), Gradient(new ImageSize(size.Width + 24, size.Height), 128)];
            using var pair = encoder.Encode(images);
            using var first = encoder.Encode([images[0]]);
            using var second = encoder.Encode([images[1]]);
            using var none = encoder.EncodeUnconditional();
            long[] expected = [1, backbone.Info.ImagePromptTokens, backbone.Info.ImagePromptWidth];
            Require(
                first.shape.SequenceEqual(expected),
                $"ImagePrompt.Encode gives {Shape(first)}, but Info says [B, {expected[1]}, {expected[2]}]."
            );
            Require(
                none is null || none.shape.SequenceEqual(expected),
                $"ImagePrompt.EncodeUnconditional gives {(none is null ? "none" : Shape(none))}, but Info says [1, {expected[1]}, {expected[2]}]."
            );
            RequireDevice(first, backbone, "Features of images");
            RequireRows(pair, first, second, "The features of a batch of images");
        }

        /// <summary>Items of one request, by the pipeline: each as it would be alone, on this device.</summary>
        public void Items()
        {
            GenerationItem[] items =
            [
                new(prompts[0]) { Seed = 1, Size = size },
                new(prompts[1]) { Seed = 2, Size = size },
                new(prompts[0]) { Seed = 1, Size = size },
            ];
            var together = Generate(items);
            // A row's place in a matrix product decides the order of its sums, so that even twins differ by rounding.
            Require(
                Distance(together[0], together[2]) <= MostRounding,
                $"The same prompt and seed differ by {Distance(together[0], together[2])} of 255 in one batch."
            );
            for (var item = 0; item < 2; item++)
            {
                var alone = Generate([items[item]])[0];
                Require(
                    Distance(alone, together[item]) <= MostRounding,
                    $"Item {item} of a batch differs from the same item alone by {Distance(alone, together[item])} of 255."
                );
            }
        }

        /// <summary>Items that two devices share are those of one.</summary>
        public void Shared(IDiffusionBackbone replica)
        {
            var items = Enumerable.Range(1, 4).Select(seed => new GenerationItem(prompts[0]) { Seed = seed, Size = size }).ToList();
            foreach (var (item, (shared, alone)) in Generate(items, replica).Zip(Generate(items)).Index())
                Require(
                    Distance(shared, alone) <= MostRounding,
                    $"Item {item} of two devices differs from that of one by {Distance(shared, alone)} of 255."
                );
        }

        private IReadOnlyList<RgbImage> Generate(IReadOnlyList<GenerationItem> items, params IReadOnlyList<IDiffusionBackbone> replicas)
        {
            using var pipeline = new GenerationPipeline(backbone, new GenerationPipelineOptions { Replicas = replicas });
            // Devices share batches, so that each has items to make.
            var request = new GenerationRequest(items) { Steps = 2, MaxBatchSize = replicas.Count > 0 ? 1 : items.Count };
            return [.. pipeline.GenerateAsync(request).GetAwaiter().GetResult().Items.Select(static item => item.Image)];
        }

        public void Generation()
        {
            using var scope = NewDisposeScope();
            var level = backbone.CreateSchedule(Settings, size).Levels[1];
            using var text = backbone.EncodeText([null, prompts[0]]);
            using var firstText = text.Select([0]);
            using var secondText = backbone.EncodeText([prompts[0]]);
            using var images = backbone.ImagePrompt?.Encode([Gradient(size, 0), Gradient(size, 128)]);
            using var drawn = Noise();
            using var x = drawn.to(backbone.Runtime.Device);

            using var plain = Predict(x, level, text, null, 0);
            using var again = Predict(x, level, text, null, 0);
            Require(
                plain.shape.SequenceEqual(x.shape) && plain.dtype == float32,
                $"Predict gives {Shape(plain)} {plain.dtype}, not float32 of the sample's shape {Shape(x)}."
            );
            RequireDevice(plain, backbone, "Predictions");
            Require(Difference(plain, again) == 0, "Predict is not the same for the same arguments.");
            if (images is not null)
            {
                using var scaleZero = Predict(x, level, text, images, 0);
                using var prompted = Predict(x, level, text, images, 1);
                Require(Difference(plain, scaleZero) <= Tolerance, "An image prompt of scale 0 is not the same as none.");
                Require(Difference(plain, prompted) > 0, "An image prompt of scale 1 changes nothing.");
                using var first = Predict(x.narrow(0, 0, 1), level, firstText, images.narrow(0, 0, 1), 1);
                using var second = Predict(x.narrow(0, 1, 1), level, secondText, images.narrow(0, 1, 1), 1);
                RequireRows(prompted, first, second, "The predictions of a batch");
            }

            var pictures = backbone.Decode(x);
            Require(pictures.Count == 2, $"Decode gives {pictures.Count} pictures for a batch of 2.");
            Require(pictures.All(picture => picture.Size == size), $"Decode gives a picture of {pictures[0].Size}, not {size}.");
            Require(!x.IsInvalid && images is not { IsInvalid: true }, "An argument was disposed; arguments are borrowed.");
        }

        private Tensor Predict(Tensor x, NoiseLevel level, TextFeatures text, Tensor? images, double scale)
        {
            using var conditioning = backbone.Condition(text, images, scale, size, Settings);
            Require(conditioning.Batch == text.Batch, $"Condition says it is for {conditioning.Batch} samples, not {text.Batch}.");
            return backbone.Predict(x, level, conditioning);
        }

        private SamplingSettings Settings =>
            new()
            {
                Steps = 2,
                Guidance = backbone.Info.DefaultGuidance,
                ImagePromptScale = 1,
                Sampler = Samplers.Euler,
            };

        private Tensor Noise()
        {
            using var noise = new TorchNoise(7);
            return noise.Draw([2, .. backbone.LatentShape(size)]);
        }

        private static int Distance(RgbImage a, RgbImage b)
        {
            var most = 0;
            for (var i = 0; i < a.Pixels.Length; i++)
                most = Math.Max(most, Math.Abs(a.Pixels[i] - b.Pixels[i]));
            return most;
        }

        private void RequireRows(Tensor pair, Tensor first, Tensor second, string what)
        {
            using var both = cat([first, second]);
            Require(both.shape.SequenceEqual(pair.shape), $"{what} have the shape {Shape(pair)}, one by one {Shape(both)}.");
            if (both.shape.SequenceEqual(pair.shape))
                Require(Difference(both, pair) <= Tolerance, $"{what} are not those of its items.");
        }

        private static double Difference(Tensor a, Tensor b)
        {
            using var scope = NewDisposeScope();
            return (a.to(float64) - b.to(float64)).abs().max().cpu().item<double>();
        }
    }
}

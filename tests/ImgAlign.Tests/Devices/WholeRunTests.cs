using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Networks.Aligner;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Runtime;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tests.Networks;
using ImgAlign.Tests.Pipeline;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Devices;

/// <summary>
/// Whole alignments on the meta device, from the prompt to the decoded picture, twice: all but reading the pixels, in whose place each
/// picture is grey.
/// </summary>
public sealed class WholeRunTests : IDisposable
{
    private static readonly ImageSize Size = new(64, 64);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("SDXL", ResidencyPolicy.KeepAll)]
    [InlineData("SDXL", ResidencyPolicy.OffloadToHost)]
    [InlineData("SDXL", ResidencyPolicy.LoadOnDemand)]
    [InlineData("SDXL", ResidencyPolicy.StreamBlocks)]
    [InlineData("FLUX", ResidencyPolicy.KeepAll)]
    [InlineData("FLUX", ResidencyPolicy.OffloadToHost)]
    [InlineData("FLUX", ResidencyPolicy.LoadOnDemand)]
    [InlineData("FLUX", ResidencyPolicy.StreamBlocks)]
    public async Task An_alignment_is_on_one_device(string family, ResidencyPolicy policy)
    {
        using var models = Open(family, new RuntimeOptions { Residency = policy });
        await MetaOperators.RequireTogetherAsync(() => models.AlignAsync(models.Request));
    }

    [Theory]
    [InlineData("SDXL", WeightStorage.Int8)]
    [InlineData("SDXL", WeightStorage.Float8)]
    [InlineData("FLUX", WeightStorage.Int8)]
    public async Task Weights_in_8_bits_are_on_it_too(string family, WeightStorage storage)
    {
        using var models = Open(family, new RuntimeOptions { Residency = ResidencyPolicy.OffloadToHost }, storage);
        await MetaOperators.RequireTogetherAsync(() => models.AlignAsync(models.Request));
    }

    [Fact]
    public async Task So_is_a_run_with_every_option_that_computes()
    {
        using var models = Open("SDXL", new RuntimeOptions());
        foreach (var sampler in Samplers.All)
        {
            var request = models.Request with
            {
                Sampler = sampler,
                GuidanceBranches = GuidanceBranches.Apart,
                GuidanceInterval = new GuidanceInterval(0.25, 0.75),
                PreviewInterval = 2,
                MaxBatchSize = 1,
                Family = new SdxlSettings { OriginalSize = new ImageSize(32, 32), CropTop = 8 },
            };
            await MetaOperators.RequireTogetherAsync(() => models.AlignAsync(request));
        }
    }

    [Fact]
    public async Task Between_models_on_two_devices_tensors_are_moved()
    {
        using var host = new DeviceRuntime(new RuntimeOptions { Threads = 1 });
        using var models = Open("SDXL", new RuntimeOptions(), detectorRuntime: host);
        await MetaOperators.RequireTogetherAsync(() => models.AlignAsync(models.Request));
    }

    // All that a run reads from the device, and so cannot be shown here: beside the pixels of pictures, the numbers below. Whether
    // numbers are finite is not asked on this device, and kernels of ours run on the CPU only, where they are used.
    [Fact]
    public async Task Words_and_the_step_cache_read_numbers()
    {
        using var flux = Open("FLUX", new RuntimeOptions(), stepCache: 0.1);
        foreach (
            var run in (Func<Task>[])
                [() => flux.AlignAsync(flux.Request with { DescribeCritique = true }), () => flux.AlignAsync(flux.Request)]
        )
        {
            var exception = await Assert.ThrowsAnyAsync<Exception>(() => MetaOperators.RequireTogetherAsync(run));
            Assert.Contains("meta tensor", exception.ToString(), StringComparison.OrdinalIgnoreCase);
        }
    }

    private Models Open(
        string family,
        RuntimeOptions options,
        WeightStorage storage = WeightStorage.None,
        DeviceRuntime? detectorRuntime = null,
        double? stepCache = null
    )
    {
        options.Threads = 1;
        var runtime = new DeviceRuntime(options, META);
        detectorRuntime ??= runtime;
        return family == "SDXL" ? OpenSdxl(runtime, detectorRuntime, storage) : OpenFlux(runtime, detectorRuntime, storage, stepCache);
    }

    // With LLaVA-1.5.
    private static Models OpenSdxl(DeviceRuntime runtime, DeviceRuntime detectorRuntime, WeightStorage storage)
    {
        var sdxl = Path.Combine(TestData.Golden, "sdxl");
        var backbone = new SdxlBackbone(
            runtime,
            new SdxlOptions
            {
                ModelPath = Path.Combine(sdxl, "checkpoint"),
                ImagePromptPath = Path.Combine(sdxl, "ckpts"),
                Storage = storage,
                TextEncoderStorage = storage,
                ImageEncoderStorage = storage,
            }
        );
        var llava = new LlavaDetector(
            detectorRuntime,
            new LlavaOptions { ModelPath = Path.Combine(TestData.Golden, "mllm", "llava-hf"), Storage = storage }
        );
        var aligner = new ImplicitAligner(runtime, Path.Combine(TestData.Golden, "round", "aligner_sdxl_llava.pth"), headWidth: 16);
        return new Models(backbone, backbone.DecodeLatents, llava, aligner);
    }

    // With Qwen2.5-VL, and an aligner between them that none of the golden cases has.
    private Models OpenFlux(DeviceRuntime runtime, DeviceRuntime detectorRuntime, WeightStorage storage, double? stepCache)
    {
        var flux = Path.Combine(TestData.Golden, "flux");
        var backbone = new FluxBackbone(
            runtime,
            new FluxOptions
            {
                ModelPath = Path.Combine(flux, "FLUX.1-dev"),
                ImagePromptPath = Path.Combine(flux, "flux-ip-adapter"),
                Storage = storage,
                TextEncoderStorage = storage,
                ImageEncoderStorage = storage,
                StepCacheThreshold = stepCache,
            }
        );
        var qwen = new QwenDetector(
            detectorRuntime,
            new QwenOptions { ModelPath = Path.Combine(TestData.Golden, "mllm", "qwen"), Storage = storage }
        );
        var path = folder.File("aligner.safetensors");
        var width = backbone.Info.ImagePromptWidth;
        using (
            var network = new AlignerNetwork(
                new PerceiverConfig(qwen.HiddenSize, width, width, Depth: 2, Heads: 2, HeadWidth: 16, FeedForwardWidth: 64),
                META
            )
        )
        using (var weights = RuleWeights.For(network))
            SafetensorsWriter.Write(path, weights);
        return new Models(backbone, backbone.DecodeLatents, qwen, new ImplicitAligner(runtime, path, headWidth: 16));
    }

    private sealed class Models : IDisposable
    {
        private readonly IReadOnlyList<IModel> models;
        private readonly AlignmentPipeline pipeline;
        private int decoded;

        public Models(IDiffusionBackbone backbone, Func<Tensor, Tensor> decode, IMisalignmentDetector detector, IImplicitAligner aligner)
        {
            models = [backbone, detector, aligner];
            pipeline = new AlignmentPipeline(
                new HookedBackbone(backbone, static _ => { }, latents => Decode(decode, latents)),
                detector,
                aligner
            );
            var first = new AlignmentItem("a red cube") { Seed = 1, Size = Size };
            Request = new AlignmentRequest(
                first,
                new AlignmentItem("two cats")
                {
                    Seed = 2,
                    Size = Size,
                    NegativePrompt = "dogs",
                }
            )
            {
                Steps = 4,
                Rounds = 2,
                Family = backbone is FluxBackbone ? new FluxSettings { TrueGuidance = 2 } : null,
            };
        }

        public AlignmentRequest Request { get; }

        public async Task AlignAsync(AlignmentRequest request)
        {
            var result = await pipeline.AlignAsync(request);
            Assert.All(result.Items, item => Assert.Equal(request.Rounds, item.Rounds().Count));
            Assert.True(decoded >= (1 + request.Rounds!.Value) * request.Items.Count);
        }

        public void Dispose()
        {
            var runtimes = models.Select(static model => model.Runtime).Distinct().ToList();
            pipeline.Dispose();
            foreach (var model in models)
                model.Dispose();
            foreach (var runtime in runtimes)
                runtime.Dispose();
        }

        private IReadOnlyList<RgbImage> Decode(Func<Tensor, Tensor> decode, Tensor latents)
        {
            using var pixels = decode(latents);
            Assert.Equal(
                (DeviceType.META, 3, Size.Height, Size.Width),
                (pixels.device_type, pixels.shape[1], pixels.shape[2], pixels.shape[3])
            );
            decoded += (int)pixels.shape[0];
            var grey = new byte[3 * Size.Width * Size.Height];
            Array.Fill(grey, (byte)128);
            return [.. Enumerable.Range(0, (int)pixels.shape[0]).Select(_ => new RgbImage(Size.Width, Size.Height, grey))];
        }
    }
}

using System.CommandLine;
using System.Globalization;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Flux;
using ImgAlign.Networks.Llama;
using ImgAlign.Networks.T5;
using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using ImgAlign.Testing.Golden;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Benchmarks.Measured;

/// <summary><c>estimate</c>: what FLUX.1-dev with T5-XXL and LLaVA-1.5-13B is estimated to need on a GPU, under each memory policy and
/// weight storage.</summary>
internal static class EstimateCommand
{
    private const long ImageTokens = 4096;
    private const long TextTokens = 512;
    private const long DetectorPositions = 832;

    public static Command Create()
    {
        var command = new Command(
            "estimate",
            "Estimate the device memory of FLUX.1-dev with T5-XXL and LLaVA-1.5-13B at 1024x1024 in bfloat16. Nothing is loaded."
        );
        command.SetAction(_ => Run());
        return command;
    }

    private static void Run()
    {
        var policies = Enum.GetValues<ResidencyPolicy>();
        Print($"{"storage", -9}{string.Concat(policies.Select(policy => $"{policy, 16}"))}   largest stage on its own");
        foreach (var storage in Enum.GetValues<WeightStorage>())
        {
            var estimate = new MemoryEstimate("cuda:0", isHost: false, ResidencyPolicy.KeepAll, Stages(storage), null);
            var needs = policies.Select(policy =>
                (estimate.RequiredUnder(policy) / 1e9).ToString("0.0 GB", CultureInfo.InvariantCulture).PadLeft(16)
            );
            Print($"{storage, -9}{string.Concat(needs)}   {estimate.LargestStage!.Name}");
        }
    }

    // The activations are those of the backbone's and the detector's own estimates.
    private static List<StageFootprint> Stages(WeightStorage storage)
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Precision = Precision.BFloat16 });
        var flux = FullSize.FluxOf(doubleBlocks: 19, singleBlocks: 38);
        var llama = new LlamaConfig
        {
            VocabSize = 32064,
            HiddenSize = 5120,
            IntermediateSize = 13824,
            NumHiddenLayers = 40,
            NumAttentionHeads = 40,
            MaxPositionEmbeddings = 4096,
        };
        var t5 = new T5Config
        {
            VocabSize = 32128,
            DModel = 4096,
            DKv = 64,
            DFf = 10240,
            NumLayers = 24,
            NumHeads = 64,
            FeedForwardProj = "gated-gelu",
        };
        var vae = new AutoencoderKlConfig
        {
            DownBlockTypes = [.. Enumerable.Repeat("DownEncoderBlock2D", 4)],
            UpBlockTypes = [.. Enumerable.Repeat("UpDecoderBlock2D", 4)],
            BlockOutChannels = [128, 256, 512, 512],
            LayersPerBlock = 2,
            LatentChannels = 16,
            UseQuantConv = false,
            UsePostQuantConv = false,
        };
        var tower = new ClipVisionConfig
        {
            HiddenSize = 1024,
            IntermediateSize = 4096,
            NumHiddenLayers = 24,
            NumAttentionHeads = 16,
            PatchSize = 14,
            ImageSize = 336,
        };
        using var adapter = Slot("adapter", storage, () => new FluxImagePromptAdapter(flux, 4096, META));
        using var vision = Slot("tower", WeightStorage.None, () => new ClipVisionModel(tower, META, penultimateOnly: true));
        using var transformer = Slot("FLUX transformer", storage, () => new FluxTransformer(flux, META));
        using var encoder = Slot("T5", storage, () => new T5EncoderModel(t5, META));
        using var decoder = Slot("VAE decoder", WeightStorage.None, () => new AutoencoderKl(vae, META, AutoencoderParts.Decoder), float32);
        using var detector = Slot("LLaVA-1.5-13B", storage, () => new LlamaForCausalLM(llama, META));
        return
        [
            transformer.Footprint(28 * (ImageTokens + TextTokens) * flux.Width * 2 * 2, adapter.WeightBytes),
            encoder.Footprint(512L * 1024 * TextTokens),
            decoder.Footprint(5L * 1024 * 1024 * 256 * 4),
            detector.Footprint(
                DetectorPositions
                    * (3L * llama.IntermediateSize + 8L * llama.HiddenSize + 2L * llama.NumHiddenLayers * llama.HiddenSize)
                    * 2,
                vision.WeightBytes
            ),
        ];

        ModelSlot<T> Slot<T>(string name, WeightStorage kept, Func<T> create, ScalarType? type = null)
            where T : nn.Module
        {
            using var network = create();
            var weights = new RuleCheckpoint(
                1,
                network.named_parameters().Select(pair => KeyValuePair.Create(pair.name, pair.parameter.shape))
            );
            return new(
                runtime,
                new ModelSource<T>(name, create, (target, opened) => opened.Add(target, weights, WeightMap.Identity)),
                type,
                kept
            );
        }
    }

    private static void Print(string line) => Console.WriteLine(line);
}

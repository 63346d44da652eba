using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Aesthetic;
using ImgAlign.Networks.Aligner;
using ImgAlign.Networks.Bert;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Flux;
using ImgAlign.Networks.ImageReward;
using ImgAlign.Networks.Llama;
using ImgAlign.Networks.Llava;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Networks.Qwen;
using ImgAlign.Networks.Qwen2Vl;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Networks.T5;
using ImgAlign.Networks.Vae;
using ImgAlign.Networks.ZImage;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Devices;

/// <summary>A network, what enters it, and how it is run.</summary>
/// <param name="Network">The network on the meta device.</param>
/// <param name="Inputs">Its inputs by name, on the meta device. Token ids that a network reads as numbers are none.</param>
/// <param name="Run">Runs it.</param>
/// <param name="Shape">The shape that its result should have.</param>
internal sealed record NetworkCase(
    nn.Module Network,
    IReadOnlyDictionary<string, Tensor> Inputs,
    Func<IReadOnlyDictionary<string, Tensor>, Tensor> Run,
    long[] Shape
);

/// <summary>Every network in its published size, with inputs as for pictures of 1024 x 1024, in the type of a GPU.</summary>
internal static class FullSizeNetworks
{
    public const ScalarType Type = ScalarType.BFloat16;

    /// <summary>What makes each case, in the caller's dispose scope.</summary>
    public static IReadOnlyDictionary<string, Func<NetworkCase>> All { get; } =
        new Dictionary<string, Func<NetworkCase>>
        {
            ["SDXL UNet"] = () => UNet("sdxl-unet", withImagePrompt: false),
            ["SDXL UNet with an image prompt"] = () => UNet("sdxl-unet", withImagePrompt: true),
            ["SDXL-DPO UNet"] = () => UNet("sdxl-dpo-unet", withImagePrompt: true),
            ["SDXL text encoder"] = () =>
                Text("sdxl-text-encoder", penultimateOnly: true, static output => output.Penultimate, [2, 77, 768]),
            ["SDXL text encoder 2"] = () => Text("sdxl-text-encoder-2", penultimateOnly: false, static output => output.Pooled!, [2, 1280]),
            ["SDXL VAE decoder"] = () => Decoder("sdxl-vae", latentChannels: 4),
            ["SDXL VAE encoder"] = () => Encoder("sdxl-vae", latentChannels: 4),
            ["ViT-H"] = () =>
                Vision("clip-vit-h-image-encoder", penultimateOnly: true, static output => output.Penultimate, [2, 257, 1280]),
            ["resampler"] = CreateResampler,
            ["FLUX transformer"] = () => Flux(hasGuidance: true, withImagePrompt: false),
            ["FLUX transformer without guidance embedding"] = () => Flux(hasGuidance: false, withImagePrompt: false),
            ["FLUX transformer with an image prompt"] = () => Flux(hasGuidance: true, withImagePrompt: true),
            ["T5-XXL"] = CreateT5,
            ["CLIP-L text encoder"] = () => Text("flux-clip-l", penultimateOnly: false, static output => output.Pooled!, [2, 768]),
            ["CLIP-L of later files"] = () => Text("flux-clip-l", penultimateOnly: false, static output => output.Pooled!, [2, 768], 49407),
            ["FLUX VAE decoder"] = () => Decoder("flux-vae-diffusers", latentChannels: 16),
            ["FLUX VAE encoder"] = () => Encoder("flux-vae-diffusers", latentChannels: 16),
            ["CLIP-L image encoder"] = () =>
                Vision("clip-vit-l14-vision", penultimateOnly: false, static output => output.Pooled!, [2, 768]),
            ["XLabs image projection"] = CreateImageProjection,
            ["PickScore, pictures"] = () => Vision("pickscore-v1", penultimateOnly: false, static output => output.Pooled!, [2, 1024]),
            ["PickScore, prompts"] = () => Text("pickscore-v1", penultimateOnly: false, static output => output.Pooled!, [2, 1024]),
            ["aesthetic predictor"] = CreatePredictor,
            ["SigLIP so400m"] = CreateSiglip,
            ["FLUX Redux projector"] = CreateRedux,
            ["Z-Image transformer"] = () => ZImage([512]),
            ["Z-Image transformer, prompts of two lengths"] = () => ZImage([40, 512]),
            ["Z-Image text encoder"] = CreateQwen3,
            ["ImageReward"] = CreateImageReward,
            ["HPSv3"] = CreateHpsv3,
            ["HPSv3, head"] = CreatePreferenceHead,
            ["LLaVA-1.5-13B"] = () => Llava(static (model, ids, pixels) => model.Run(ids, pixels), [1, 607, 5120]),
            ["LLaVA-1.5-13B, a token of its answer"] = () => Llava(AnswerToken, [1, 1, 32064]),
            ["LLaVA-1.5-13B projector"] = CreateProjector,
            ["Qwen2.5-VL-7B"] = () => Qwen("qwen2.5-vl-7b", 3584),
            ["Qwen2.5-VL-3B"] = () => Qwen("qwen2.5-vl-3b", 2048),
            ["aligner for SDXL"] = () => Aligner("aligner-sdxl", width: 2048, tokens: 16),
            ["aligner for FLUX"] = () => Aligner("aligner-flux", width: 4096, tokens: 4),
        };

    private static NetworkCase UNet(string manifest, bool withImagePrompt)
    {
        var config = SdxlUNetConfig.FromJson(Config(manifest), manifest);
        var unet = Prepared(new UNet2DConditionModel(config, META));
        var adapter = withImagePrompt ? Prepared(new ImagePromptAdapter(config, META)) : null;
        var inputs = new Dictionary<string, Tensor>
        {
            ["sample"] = Floats(2, 4, 128, 128),
            ["timestep"] = empty([], float32, META),
            ["encoderHiddenStates"] = Floats(2, 77, 2048),
            ["textEmbeds"] = Floats(2, 1280),
            ["timeIds"] = empty([2, 6], float32, META),
        };
        if (withImagePrompt)
            inputs["imageTokens"] = Floats(2, 16, 2048);
        return new(
            unet,
            inputs,
            given =>
            {
                using var conditioning = unet.Prepare(
                    given["encoderHiddenStates"],
                    given["textEmbeds"],
                    given["timeIds"],
                    adapter,
                    given.GetValueOrDefault("imageTokens"),
                    0.5
                );
                return unet.call(given["sample"], given["timestep"], conditioning);
            },
            [2, 4, 128, 128]
        );
    }

    private static NetworkCase Flux(bool hasGuidance, bool withImagePrompt)
    {
        var config = FluxConfig.FromJson(Config("flux-transformer-diffusers"), "FLUX.1-dev") with { GuidanceEmbeds = hasGuidance };
        var transformer = Prepared(new FluxTransformer(config, META));
        var adapter = withImagePrompt ? Prepared(new FluxImagePromptAdapter(config, 4096, META)) : null;
        var inputs = new Dictionary<string, Tensor>
        {
            ["image"] = Floats(1, 4096, 64),
            ["timestep"] = empty([], float32, META),
            ["text"] = Floats(1, 512, 4096),
            ["pooledText"] = Floats(1, 768),
            ["guidance"] = empty([1], float32, META),
            ["textIds"] = empty([512, 3], float32, META),
            ["imageIds"] = LatentPatches.Ids(128, 128, META),
        };
        if (withImagePrompt)
            inputs["imageTokens"] = Floats(1, 4, 4096);
        return new(
            transformer,
            inputs,
            given =>
            {
                using var conditioning = transformer.Prepare(
                    given["text"],
                    given["pooledText"],
                    given["guidance"],
                    given["textIds"],
                    given["imageIds"],
                    adapter,
                    given.GetValueOrDefault("imageTokens"),
                    adapter is null ? null : [0.5]
                );
                return transformer.call(given["image"], given["timestep"], conditioning);
            },
            [1, 4096, 64]
        );
    }

    private static NetworkCase Text(
        string manifest,
        bool penultimateOnly,
        Func<ClipOutput, Tensor> result,
        long[] shape,
        int? endOfText = null
    )
    {
        var config = ClipTextConfig.FromJson(Config(manifest), manifest);
        var network = Prepared(new ClipTextModel(config with { EosTokenId = endOfText ?? config.EosTokenId }, META, penultimateOnly));
        return Single(network, "inputIds", Ids(2, 77), ids => result(network.call(ids)), shape);
    }

    private static NetworkCase Vision(string manifest, bool penultimateOnly, Func<ClipOutput, Tensor> result, long[] shape)
    {
        var network = Prepared(new ClipVisionModel(ClipVisionConfig.FromJson(Config(manifest), manifest), META, penultimateOnly));
        return Single(network, "pixels", empty([2, 3, 224, 224], float32, META), pixels => result(network.call(pixels)), shape);
    }

    private static NetworkCase Decoder(string manifest, long latentChannels)
    {
        var network = Prepared(new AutoencoderKl(AutoencoderKlConfig.FromJson(Config(manifest), manifest), META, AutoencoderParts.Decoder));
        return Single(network, "latents", Floats(1, latentChannels, 128, 128), network.Decode, [1, 3, 1024, 1024]);
    }

    private static NetworkCase Encoder(string manifest, long latentChannels)
    {
        var network = Prepared(new AutoencoderKl(AutoencoderKlConfig.FromJson(Config(manifest), manifest), META, AutoencoderParts.Encoder));
        var pictures = Floats(1, 3, 1024, 1024);
        return Single(network, nameof(pictures), pictures, given => network.Encode(given).Mean, [1, latentChannels, 128, 128]);
    }

    private static NetworkCase CreateResampler()
    {
        var network = Prepared(new Resampler(Perceiver("img-resampler"), tokens: 16, META));
        return Single(network, "hiddenStates", Floats(2, 257, 1280), network.call, [2, 16, 2048]);
    }

    private static NetworkCase CreateImageProjection()
    {
        var network = Prepared(new FluxImageProjection(768, 4, 4096, META));
        return Single(network, "imageEmbeds", Floats(2, 768), network.call, [2, 4, 4096]);
    }

    private static NetworkCase CreateT5()
    {
        var network = Prepared(new T5EncoderModel(T5Config.FromJson(Config("flux-t5-xxl"), "T5-XXL"), META));
        return Single(network, "inputIds", Ids(1, 512), network.call, [1, 512, 4096]);
    }

    private static NetworkCase Llava(Func<LlavaModel, Tensor, Tensor, Tensor> run, long[] shape)
    {
        var network = Prepared(new LlavaModel(LlavaConfig.FromJson(Config("llava-1.5-13b-hf"), "LLaVA"), META));
        var ids = tensor([1L, LlavaTokens.Image, .. Enumerable.Repeat(29871L, 30)], [1, 32]); // read as numbers, so on the CPU
        return Single(network, "pixels", empty([1, 3, 336, 336], float32, META), pixels => run(network, ids, pixels), shape);
    }

    private static Tensor AnswerToken(LlavaModel model, Tensor ids, Tensor pixels)
    {
        using var cache = new KeyValueCache(model.Config.Text.NumHiddenLayers);
        model.Run(ids, pixels, cache);
        var decoder = model.LanguageModel;
        return decoder.Logits(decoder.Model.Run(decoder.Model.Embed(Ids(1, 1)), cache));
    }

    private static NetworkCase CreateProjector()
    {
        var network = Prepared(new LlavaProjector(LlavaConfig.FromJson(Config("llava-1.5-13b-hf"), "LLaVA"), META));
        return Single(network, "features", Floats(1, 576, 1024), network.call, [1, 576, 5120]);
    }

    private static NetworkCase Qwen(string manifest, long width)
    {
        var network = Prepared(new QwenModel(QwenConfig.FromJson(Config(manifest), manifest), META));
        var grid = new PatchGrid(72, 74); // 1008 x 1036 pixels: windows of several sizes
        var positions = 2 + grid.Count / 4;
        var ids = tensor([1L, .. Enumerable.Repeat((long)network.Config.ImageTokenId, positions - 2), 2], [1, positions]);
        var values = empty([grid.Count, 1176], float32, META);
        return Single(network, "patches.Values", values, given => network.Run(ids, new ImagePatches(given, [grid])), [1, positions, width]);
    }

    private static NetworkCase Aligner(string manifest, long width, long tokens)
    {
        var network = Prepared(new AlignerNetwork(Perceiver(manifest), META));
        var inputs = new Dictionary<string, Tensor> { ["h"] = Floats(1, 700, 5120), ["z"] = Floats(1, tokens, width) };
        return new(
            network,
            inputs,
            given =>
            {
                network.call(given["h"], given["z"]);
                using var context = network.Prepare(given["h"]);
                return network.Pass(context, given["z"]);
            },
            [1, tokens, width]
        );
    }

    private static NetworkCase CreatePredictor()
    {
        var network = Prepared(new AestheticNetwork([768, 1024, 128, 64, 16, 1], META));
        return Single(network, "embedding", Floats(2, 768), network.call, [2]);
    }

    private static NetworkCase CreateSiglip()
    {
        var config = new ClipVisionConfig
        {
            HiddenSize = 1152,
            IntermediateSize = 4304,
            NumHiddenLayers = 27,
            NumAttentionHeads = 16,
            ImageSize = 384,
            PatchSize = 14,
            HiddenAct = "gelu_pytorch_tanh",
            HasClassToken = false,
            HasPatchBias = true,
        };
        var network = Prepared(new VisionTransformer(config, META));
        return Single(network, "pixels", empty([1, 3, 384, 384], float32, META), network.call, [1, 729, 1152]);
    }

    private static NetworkCase CreateRedux()
    {
        var network = Prepared(new ReduxProjector(1152, 4096, META));
        return Single(network, "tokens", Floats(1, 729, 1152), network.call, [1, 729, 4096]);
    }

    private static NetworkCase ZImage(int[] lengths)
    {
        var transformer = Prepared(new ZImageTransformer(new ZImageConfig(), META));
        var grid = new LatentGrid(1, 64, 64);
        var inputs = new Dictionary<string, Tensor>
        {
            ["captions"] = Floats(lengths.Length, 512, 2560),
            ["latents"] = Floats(lengths.Length, 16, 1, 128, 128),
            ["time"] = empty([1], float32, META),
        };
        return new(
            transformer,
            inputs,
            given =>
            {
                using var conditioning = transformer.Prepare(given["captions"], lengths, grid);
                return transformer.call(given["latents"], given["time"], conditioning);
            },
            [lengths.Length, 16, 1, 128, 128]
        );
    }

    private static NetworkCase CreateQwen3()
    {
        var config = new Qwen3TextConfig
        {
            HiddenSize = 2560,
            IntermediateSize = 9728,
            NumHiddenLayers = 35,
            NumAttentionHeads = 32,
            NumKeyValueHeads = 8,
        };
        var network = Prepared(new LlamaModel(config, META, hasNorm: false));
        return Single(network, "ids", Ids(1, 512), ids => network.Run(network.Embed(ids)), [1, 512, 2560]);
    }

    private static NetworkCase CreatePreferenceHead()
    {
        var network = Prepared(new PreferenceHead(3584, META));
        return Single(network, "state", Floats(2, 3584), network.call, [2, 2]);
    }

    private static NetworkCase CreateImageReward()
    {
        var config = new ImageRewardConfig
        {
            Vision = new ClipVisionConfig
            {
                HiddenSize = 1024,
                IntermediateSize = 4096,
                NumHiddenLayers = 24,
                NumAttentionHeads = 16,
                PatchSize = 16,
                HiddenAct = "gelu",
                HasPatchBias = true,
            },
            Text = new BertConfig { VocabSize = 30524 },
            HeadWidths = [768, 1024, 128, 64, 16, 1],
        };
        var network = Prepared(new ImageRewardModel(config, META));
        var inputs = new Dictionary<string, Tensor>
        {
            ["pixels"] = empty([2, 3, 224, 224], float32, META),
            ["ids"] = Ids(2, 35),
            ["mask"] = Ids(2, 35),
        };
        return new(network, inputs, given => network.Read(given["pixels"], given["ids"], given["mask"]), [2, 768]);
    }

    private static NetworkCase CreateHpsv3()
    {
        var text = QwenConfig.FromJson(Config("qwen2.5-vl-7b"), "Qwen2.5-VL").Text with { VocabSize = 151658 };
        var vision = new QwenVisionConfig
        {
            HiddenSize = 1280,
            IntermediateSize = 5120,
            HiddenAct = "quick_gelu",
            WindowSize = int.MaxValue,
        };
        var config = new QwenConfig
        {
            Text = text,
            Vision = vision,
            ImageTokenId = 151655,
            StopTokens = new HashSet<int>(),
        };
        var network = Prepared(new Qwen2VlModel(config, META));
        var grid = new PatchGrid(32, 32);
        var tokens = QwenTokens.Read(tensor([1L, .. Enumerable.Repeat(151655L, 256), 2], [1, 258]), [grid], config);
        var values = empty([grid.Count, 1176], float32, META);
        return Single(network, "patches.Values", values, given => network.RunSequential(tokens, new(given, [grid])), [1, 258, 3584]);
    }

    private static NetworkCase Single(nn.Module network, string name, Tensor input, Func<Tensor, Tensor> run, long[] shape) =>
        new(network, new Dictionary<string, Tensor> { [name] = input }, given => run(given[name]), shape);

    private static PerceiverConfig Perceiver(string manifest)
    {
        var sizes = Config(manifest).EnumerateObject().ToDictionary(static pair => pair.Name, static pair => pair.Value.GetInt64());
        return new(
            sizes["embedding_dim"],
            sizes["dim"],
            sizes["output_dim"],
            (int)sizes["depth"],
            sizes["heads"],
            sizes["dim_head"],
            sizes["dim"] * sizes["ff_mult"]
        );
    }

    private static JsonElement Config(string manifest) =>
        ConfigFile.ReadJson(Path.Combine(TestData.Golden, "manifest", manifest + ".json")).GetProperty("config");

    private static T Prepared<T>(T network)
        where T : nn.Module
    {
        foreach (var (_, owner, name, value) in ModuleParameters.Enumerate(network).ToList())
            ModuleParameters.Assign(owner, name, empty(value.shape, Type, META));
        network.eval();
        return network;
    }

    private static Tensor Floats(params long[] shape) => empty(shape, Type, META);

    private static Tensor Ids(params long[] shape) => empty(shape, int64, META);
}

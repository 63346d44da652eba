using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using ImgAlign.Tokenizers;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>Where each network of an SDXL model has its configuration and its weights, in a folder as published or in a single file.</summary>
internal sealed class SdxlFiles
{
    private readonly string folder;
    private readonly string? singleFile;
    private readonly string? unetPath;
    private readonly IReadOnlyList<LoraOptions> loras;

    /// <summary>Finds the layout; reads nothing yet.</summary>
    /// <exception cref="ImgAlignException">A path does not exist, or a scale is not finite.</exception>
    public SdxlFiles(SdxlOptions options)
    {
        loras = LoraOptions.Check(options.Loras);
        singleFile = File.Exists(options.ModelPath) ? options.ModelPath : null;
        folder = ModelFolder.Resolve(singleFile is null ? options.ModelPath : options.ConfigPath ?? Path.GetDirectoryName(Path.GetFullPath(singleFile))!);
        ImagePrompt = ImagePromptPaths.Find(
            options.ImagePromptPath, options.ImageEncoderPath, options.ResamplerPath, options.AdapterPath, "resampler.pth", "ip-adapter-plus_sdxl_vit-h.bin");
        unetPath = options.UNetPath is null || File.Exists(options.UNetPath) ? options.UNetPath : FindUNet(ModelFolder.Resolve(options.UNetPath));
    }

    /// <summary>The image prompt, or null.</summary>
    public ImagePromptPaths? ImagePrompt { get; }

    public ClipTextConfig ReadTextEncoder() => Read("text_encoder", "config.json", ClipTextConfig.Read, SdxlBase.TextEncoder);

    public ClipTextConfig ReadTextEncoder2() => Read("text_encoder_2", "config.json", ClipTextConfig.Read, SdxlBase.TextEncoder2);

    public AutoencoderKlConfig ReadAutoencoder() => Read("vae", "config.json", AutoencoderKlConfig.Read, SdxlBase.Autoencoder);

    /// <summary>The schedule; what a fine-tune's file says of its own training by tensors that no network has comes before its configuration.</summary>
    /// <exception cref="ImgAlignException">It was trained in a way that is not known here.</exception>
    public EulerScheduleConfig ReadScheduler()
    {
        var config = Read("scheduler", "scheduler_config.json", EulerScheduleConfig.Read, SdxlBase.Scheduler);
        using var weights = OpenUNet();
        var names = weights.Tensors;
        if (names.ContainsKey("edm_mean") || names.ContainsKey("edm_std") || names.ContainsKey("edm_vpred.sigma_max"))
            throw new ImgAlignException($"{weights.Source} was trained with the noise levels of EDM (it holds a tensor edm_...), which are not supported; take a model trained to predict noise or velocity.");
        return config with
        {
            PredictionType = names.ContainsKey("v_pred") ? "v_prediction" : config.PredictionType,
            RescaleBetasZeroSnr = names.ContainsKey("ztsnr") || config.RescaleBetasZeroSnr,
        };
    }

    public SdxlUNetConfig ReadUNet() => Directory.Exists(unetPath)
        ? SdxlUNetConfig.Load(Path.Combine(unetPath, "config.json"))
        : Read("unet", "config.json", SdxlUNetConfig.Load, SdxlBase.UNet);

    public ClipTokenizer LoadTokenizer() => LoadTokenizer("tokenizer");

    public ClipTokenizer LoadTokenizer2() => LoadTokenizer("tokenizer_2");

    /// <summary>Whether no negative prompt means zeros, and not the encoded empty text.</summary>
    public bool ReadForceZerosForEmptyPrompt()
    {
        var path = Path.Combine(folder, "model_index.json");
        return !File.Exists(path) || ConfigFile.Read<ModelIndex>(path).ForceZerosForEmptyPrompt;
    }

    public ModelSource<ClipTextModel> TextEncoder(ClipTextConfig config) => new("SDXL text encoder", () => new ClipTextModel(config, META, penultimateOnly: true), (network, use) =>
    {
        using var weights = Open("text_encoder");
        UseWithLoras(network, weights, network.Names(weights, singleFile is null ? "" : SdxlNames.TextEncoderPrefix), LoraTarget.TextEncoder, use);
    });

    public ModelSource<ClipTextModel> TextEncoder2(ClipTextConfig config) => new("SDXL text encoder 2", () => new ClipTextModel(config, META), (network, use) =>
    {
        using var weights = Open("text_encoder_2");
        UseWithLoras(network, weights, singleFile is null ? network.Names(weights) : SdxlNames.TextEncoder2, LoraTarget.TextEncoder2, use);
    });

    public ModelSource<UNet2DConditionModel> UNet(SdxlUNetConfig config) => new("SDXL UNet", () => new UNet2DConditionModel(config, META), (network, use) =>
    {
        using var weights = OpenUNet();
        using var stack = new LoraStack(loras);
        var map = SdxlNames.IsSingleFile(weights) ? SdxlNames.UNet(config) : WeightMap.Identity;
        using var merged = SdxlLora.Merge(weights, network, map, stack.Entries);
        use(network, merged, map);
    });

    public ModelSource<AutoencoderKl> Decoder(AutoencoderKlConfig config) => new("SDXL VAE decoder", () => new AutoencoderKl(config, META, AutoencoderParts.Decoder), (network, use) =>
    {
        using var weights = Open("vae");
        use(network, weights, singleFile is null ? network.Names(weights) : SingleFileNames(network));
    });

    /// <summary>The image prompt's keys and values, or null where there is no image prompt.</summary>
    public ModelSource<ImagePromptAdapter>? Adapter(SdxlUNetConfig config) => ImagePrompt is null ? null :
        new("SDXL image-prompt adapter", () => new ImagePromptAdapter(config, META), ImagePrompt.Adapter, static (_, _) => ImagePromptAdapter.Weights);

    private void UseWithLoras(ClipTextModel network, Checkpoint weights, WeightMap map, LoraTarget target, WeightUse use)
    {
        using var stack = new LoraStack(loras);
        using var merged = SdxlLora.Merge(weights, network, map, target, stack.Entries);
        use(network, merged, map);
    }

    // Only the decoder is built; the file holds the encoder too.
    private static WeightMap SingleFileNames(AutoencoderKl network) =>
        SdxlNames.Vae(network.Config.BlockOutChannels.Count).Ignoring(static name => name.StartsWith(SdxlNames.VaePrefix, StringComparison.Ordinal));

    private static string FindUNet(string path)
    {
        var inner = Path.Combine(path, "unet");
        return !File.Exists(Path.Combine(path, "config.json")) && Directory.Exists(inner) ? inner : path;
    }

    private Checkpoint OpenUNet() => unetPath is null ? Open("unet") : Checkpoint.Open(unetPath);

    private Checkpoint Open(string part) => Checkpoint.Open(singleFile ?? Path.Combine(folder, part));

    private T Read<T>(string part, string file, Func<string, T> read, T standard)
    {
        var path = Path.Combine(folder, part, file);
        return singleFile is not null && !File.Exists(path) ? standard : read(path);
    }

    private ClipTokenizer LoadTokenizer(string part)
    {
        var path = Path.Combine(folder, part);
        if (!Directory.Exists(path))
            throw new ImgAlignException($"{folder} holds no {part}; {(singleFile is null ? "download the whole model" : "a single file has no tokenizers: set ConfigPath to a folder that has them, such as that of SDXL base")}.");
        return ClipTokenizer.Load(path);
    }

    private sealed record ModelIndex
    {
        public bool ForceZerosForEmptyPrompt { get; init; } = true;
    }
}

using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Networks.Vae;
using ImgAlign.Recipes;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using ImgAlign.Tokenizers;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>Where each network of an SDXL model has its configuration and its weights, in a folder as published or in a single
/// file.</summary>
internal sealed class SdxlFiles
{
    private readonly string folder;
    private readonly string? singleFile;
    private readonly string? unetPath;
    private readonly string? vaePath;
    private readonly IReadOnlyList<(string Path, double Scale)> loras;

    /// <summary>Finds the layout; reads nothing yet.</summary>
    /// <exception cref="ImgAlignException">A path does not exist, or a scale is not finite.</exception>
    public SdxlFiles(SdxlOptions options)
    {
        loras = LoraFiles.Check(options.Loras);
        var model = HubName.Locate(options.ModelPath);
        singleFile = File.Exists(model) ? model : null;
        folder = ModelFolder.Resolve(
            singleFile is null ? model : options.ConfigPath ?? Path.GetDirectoryName(Path.GetFullPath(singleFile))!
        );
        ImagePrompt = ImagePromptPaths.Find(
            options.ImagePromptPath,
            options.ImageEncoderPath,
            options.ResamplerPath,
            options.AdapterPath,
            "resampler.pth",
            "ip-adapter-plus_sdxl_vit-h.bin"
        );
        unetPath = FindPart(options.UNetPath, "unet");
        vaePath = FindPart(options.VaePath, "vae");
    }

    /// <summary>The image prompt, or null.</summary>
    public ImagePromptPaths? ImagePrompt { get; }

    public ClipTextConfig ReadTextEncoder() => Read("text_encoder", "config.json", ClipTextConfig.Read, SdxlBase.TextEncoder);

    /// <summary>The second text encoder's sizes. That it has a projection is a matter of the family, as in
    /// <c>model_index.json</c>.</summary>
    public ClipTextConfig ReadTextEncoder2() =>
        Read("text_encoder_2", "config.json", ClipTextConfig.Read, SdxlBase.TextEncoder2) with
        {
            Architectures = SdxlBase.TextEncoder2.Architectures,
        };

    public AutoencoderFiles FindAutoencoder() =>
        AutoencoderFiles.Find(
            "SDXL VAE",
            vaePath ?? PartPath("vae"),
            () => Read("vae", "config.json", AutoencoderKlConfig.Read, SdxlBase.Autoencoder)
        );

    /// <summary>The schedule; what a fine-tune's file says of its own training by tensors that no network has comes before its
    /// configuration.</summary>
    /// <exception cref="ImgAlignException">It was trained in a way that is not known here.</exception>
    public SchedulerConfig ReadScheduler()
    {
        var config = Read("scheduler", "scheduler_config.json", SchedulerConfig.Read, SdxlBase.Scheduler);
        if (config.IsFlow)
        {
            throw new ImgAlignException(
                $"{folder}: the scheduler is for models of flow matching "
                    + $"({config.ClassName}{(config.UseFlowSigmas ? " with use_flow_sigmas" : "")}), "
                    + "and SDXL's noise levels follow from betas; take the scheduler folder of the model itself."
            );
        }
        using var weights = Checkpoint.Open(UNetPath);
        if (Says("edm_mean") || Says("edm_std") || Says("edm_vpred.sigma_max"))
            throw new ImgAlignException(
                $"{weights.Source} was trained with the noise levels of EDM (it holds a tensor edm_...), which are not "
                    + "supported; take a model trained to predict noise or velocity."
            );
        return config with
        {
            PredictionType = Says("v_pred") ? "v_prediction" : config.PredictionType,
            RescaleBetasZeroSnr = Says("ztsnr") || config.RescaleBetasZeroSnr,
        };

        bool Says(string marker) => CheckpointPart.TryFind(weights, marker, new Landmark(marker)) is not null;
    }

    public SdxlUNetConfig ReadUNet() =>
        Directory.Exists(unetPath)
            ? SdxlUNetConfig.Read(Path.Combine(unetPath, "config.json"))
            : Read("unet", "config.json", SdxlUNetConfig.Read, SdxlBase.UNet);

    public ClipTokenizer LoadTokenizer() => LoadTokenizer("tokenizer");

    public ClipTokenizer LoadTokenizer2() => LoadTokenizer("tokenizer_2");

    /// <summary>Whether no negative prompt means zeros, and not the encoded empty text.</summary>
    public bool ReadForceZerosForEmptyPrompt()
    {
        var path = Path.Combine(folder, "model_index.json");
        return !File.Exists(path) || ConfigFile.Read<ModelIndex>(path).ForceZerosForEmptyPrompt;
    }

    public ModelSource<ClipTextModel> TextEncoder(ClipTextConfig config) =>
        new("SDXL text encoder", () => new ClipTextModel(config, META, penultimateOnly: true), OpenTextEncoder);

    public ModelSource<ClipTextModel> TextEncoder2(ClipTextConfig config) =>
        new("SDXL text encoder 2", () => new ClipTextModel(config, META), OpenTextEncoder2);

    public ModelSource<UNet2DConditionModel> UNet(SdxlUNetConfig config) =>
        new("SDXL UNet", () => new UNet2DConditionModel(config, META), OpenUNet);

    /// <summary>The image prompt's keys and values, or null where there is no image prompt.</summary>
    public ModelSource<ImagePromptAdapter>? Adapter(SdxlUNetConfig config) =>
        ImagePrompt is null ? null : new("SDXL image-prompt adapter", () => new ImagePromptAdapter(config, META), OpenAdapter);

    private void OpenTextEncoder(ClipTextModel network, NetworkWeights weights)
    {
        var file = weights.Open(PartPath("text_encoder"));
        var part = singleFile is null ? ClipNames.FindText(file) : SdxlNames.FindTextEncoder(file);
        var map = network.Names(part);
        var merged = SdxlLora.Merge(part, network, map, LoraTarget.TextEncoder, weights.OpenLoras(loras));
        weights.Add(network, weights.Own(merged), map);
    }

    private void OpenTextEncoder2(ClipTextModel network, NetworkWeights weights)
    {
        var file = weights.Open(PartPath("text_encoder_2"));
        var part = singleFile is null ? ClipNames.FindText(file) : SdxlNames.FindTextEncoder2(file);
        var map = SdxlNames.TextEncoder2(network, part);
        var merged = SdxlLora.Merge(part, network, map, LoraTarget.TextEncoder2, weights.OpenLoras(loras));
        weights.Add(network, weights.Own(merged), map);
    }

    private void OpenUNet(UNet2DConditionModel network, NetworkWeights weights)
    {
        var part = SdxlNames.FindUNet(weights.Open(UNetPath));
        var map = SdxlNames.UNet(network.Config, part);
        var merged = SdxlLora.Merge(part, network, map, weights.OpenLoras(loras));
        weights.Add(network, weights.Own(merged), map);
    }

    private void OpenAdapter(ImagePromptAdapter network, NetworkWeights weights)
    {
        var file = weights.Open(ImagePrompt!.Adapter);
        ImagePromptAdapter.RequirePlus(file);
        weights.Add(network, file, ImagePromptAdapter.Weights);
    }

    private string UNetPath => unetPath ?? PartPath("unet");

    private string PartPath(string part) => singleFile ?? Path.Combine(folder, part);

    // A file, the folder of the part itself, or the folder of a whole model.
    private static string? FindPart(string? path, string part)
    {
        if (path is null)
            return null;
        path = HubName.Locate(path);
        if (File.Exists(path))
            return path;
        path = ModelFolder.Resolve(path);
        var inner = Path.Combine(path, part);
        return !File.Exists(Path.Combine(path, "config.json")) && Directory.Exists(inner) ? inner : path;
    }

    private T Read<T>(string part, string file, Func<string, T> read, T standard)
    {
        var path = Path.Combine(folder, part, file);
        return singleFile is not null && !File.Exists(path) ? standard : read(path);
    }

    private ClipTokenizer LoadTokenizer(string part)
    {
        var path = Path.Combine(folder, part);
        if (!Directory.Exists(path))
            throw new ImgAlignException(
                singleFile is null
                    ? $"{folder} holds no {part}; download the whole model."
                    : $"{folder} holds no {part}; a single file has no tokenizers: set ConfigPath to the folder of SDXL base."
            );
        return ClipTokenizer.Load(path);
    }

    private sealed record ModelIndex
    {
        public bool ForceZerosForEmptyPrompt { get; init; } = true;
    }
}

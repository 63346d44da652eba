using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Flux;
using ImgAlign.Networks.T5;
using ImgAlign.Networks.Vae;
using ImgAlign.Recipes;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using ImgAlign.Tokenizers;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>Where each network of a FLUX.1 model has its configuration and its weights, in diffusers' layout or in the authors'.</summary>
internal sealed class FluxFiles
{
    private readonly string folder;
    private readonly FlowModelFolder model;
    private readonly string transformerPath;
    private readonly IReadOnlyList<(string Path, double Scale)> loras;

    /// <summary>Finds the layout; reads nothing yet.</summary>
    /// <exception cref="ImgAlignException">A path does not exist, or a scale is not finite.</exception>
    public FluxFiles(FluxOptions options)
    {
        loras = LoraFiles.Check(options.Loras);
        folder = ModelFolder.Resolve(options.ModelPath);
        model = new FlowModelFolder("FLUX", folder, options.VaePath);
        transformerPath = model.Find(
            options.TransformerPath,
            "transformer",
            "flux1-dev.safetensors",
            "flux1-schnell.safetensors",
            "*.gguf"
        );
        if (options.ReduxPath is not null)
        {
            if (options.ImagePromptPath is not null || options.AdapterPath is not null)
                throw new ImgAlignException(
                    $"{nameof(FluxOptions.ReduxPath)} and the files of another image prompt are both given; a model has one, so leave one out."
                );
            Redux = (options.ReduxPath, options.ImageEncoderPath);
            return;
        }
        ImagePrompt = ImagePromptPaths.Find(
            options.ImagePromptPath,
            options.ImageEncoderPath,
            projection: null,
            options.AdapterPath,
            projectionName: null,
            "ip_adapter.safetensors"
        );
    }

    /// <summary>The image prompt by XLabs' adapter, or null.</summary>
    public ImagePromptPaths? ImagePrompt { get; }

    /// <summary>FLUX.1-Redux and, where it is a single file, its image encoder; null: there is none.</summary>
    public (string Path, string? Encoder)? Redux { get; }

    /// <summary>CLIP's sizes. FLUX takes the pooled features before any projection, whichever class the configuration names.</summary>
    public ClipTextConfig ReadClip() =>
        ClipTextConfig.Read(Path.Combine(folder, "text_encoder", "config.json")) with
        {
            Architectures = ["CLIPTextModel"],
        };

    public T5Config ReadT5() => T5Config.Read(Path.Combine(folder, "text_encoder_2", "config.json"));

    public ClipTokenizer LoadClipTokenizer() => ClipTokenizer.Load(Path.Combine(folder, "tokenizer"));

    public T5Tokenizer LoadT5Tokenizer() => T5Tokenizer.Load(Path.Combine(folder, "tokenizer_2"));

    /// <summary>The model's own schedule, or where it has none that of the published model of its kind.</summary>
    public SchedulerConfig ReadScheduler(FluxConfig transformer) =>
        model.ReadScheduler(transformer.GuidanceEmbeds ? SchedulerConfig.FluxDev : SchedulerConfig.FluxSchnell);

    /// <summary>A file in the authors' layout has the sizes that <c>transformer/config.json</c> of the model says, or those that it shows
    /// itself.</summary>
    public FluxConfig ReadTransformer()
    {
        var config = model.FindConfig(transformerPath, "transformer") is { } path ? FluxConfig.Read(path) : null;
        if (config is not null && Directory.Exists(transformerPath))
            return config;
        using var file = Checkpoint.Open(transformerPath);
        var part = FluxNames.Find(file);
        // A file may be of another variant than the folder that lends its sizes.
        return config is null ? FluxConfig.FromShapes(part) : config with { GuidanceEmbeds = FluxNames.HasGuidance(part) };
    }

    public AutoencoderFiles FindAutoencoder() => model.FindAutoencoder();

    public ModelSource<ClipTextModel> Clip(ClipTextConfig config) =>
        new("FLUX CLIP text encoder", () => new ClipTextModel(config, META), OpenClip);

    public ModelSource<T5EncoderModel> T5(T5Config config) => new("FLUX T5 text encoder", () => new T5EncoderModel(config, META), OpenT5);

    public ModelSource<FluxTransformer> Transformer(FluxConfig config) =>
        new("FLUX transformer", () => new FluxTransformer(config, META), OpenTransformer);

    /// <summary>The image prompt's keys and values, or null where there is no image prompt.</summary>
    public ModelSource<FluxImagePromptAdapter>? Adapter(FluxConfig config, int width) =>
        ImagePrompt is null ? null : new("FLUX image-prompt adapter", () => new FluxImagePromptAdapter(config, width, META), OpenAdapter);

    private void OpenClip(ClipTextModel network, NetworkWeights weights)
    {
        var part = ClipNames.FindText(weights.Open(Path.Combine(folder, "text_encoder")));
        var map = network.Names(part);
        var merged = new LoraCheckpoint(part, network, map, LoraTarget.TextEncoder, weights.OpenLoras(loras), ClipTextModel.LoraNames);
        weights.Add(network, weights.Own(merged), map);
    }

    private void OpenT5(T5EncoderModel network, NetworkWeights weights)
    {
        var part = T5EncoderModel.Find(weights.Open(Path.Combine(folder, "text_encoder_2")));
        var map = T5EncoderModel.Names(part);
        var merged = new LoraCheckpoint(part, network, map, LoraTarget.TextEncoder2, weights.OpenLoras(loras));
        weights.Add(network, weights.Own(merged), map);
    }

    private void OpenTransformer(FluxTransformer network, NetworkWeights weights)
    {
        var part = FluxNames.Find(weights.Open(transformerPath));
        var merged = FluxLora.Merge(part, network, weights.OpenLoras(loras));
        weights.Add(network, weights.Own(merged), network.Names(part));
    }

    private void OpenAdapter(FluxImagePromptAdapter network, NetworkWeights weights) =>
        weights.Add(network, weights.Open(ImagePrompt!.Adapter), FluxImagePromptAdapter.Weights);
}

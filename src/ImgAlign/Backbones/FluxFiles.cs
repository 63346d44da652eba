using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Flux;
using ImgAlign.Networks.T5;
using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using ImgAlign.Tokenizers;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>Where each network of a FLUX.1 model has its configuration and its weights, in diffusers' layout or in the authors'.</summary>
internal sealed class FluxFiles
{
    private readonly string folder;
    private readonly string transformerPath;
    private readonly string autoencoderPath;
    private readonly IReadOnlyList<LoraOptions> loras;

    /// <summary>Finds the layout; reads nothing yet.</summary>
    /// <exception cref="ImgAlignException">A path does not exist, or a scale is not finite.</exception>
    public FluxFiles(FluxOptions options)
    {
        loras = LoraOptions.Check(options.Loras);
        folder = ModelFolder.Resolve(options.ModelPath);
        transformerPath = options.TransformerPath ?? FindPart("transformer", "flux1-dev.safetensors");
        autoencoderPath = options.AutoencoderPath ?? FindPart("vae", "ae.safetensors");
        ImagePrompt = ImagePromptPaths.Find(
            options.ImagePromptPath, options.ImageEncoderPath, projection: null, options.AdapterPath, projectionName: null, "ip_adapter.safetensors");
    }

    /// <summary>The image prompt, or null.</summary>
    public ImagePromptPaths? ImagePrompt { get; }

    public ClipTextConfig ReadClip() => ClipTextConfig.Read(Path.Combine(folder, "text_encoder", "config.json"));

    public T5Config ReadT5() => T5Config.Read(Path.Combine(folder, "text_encoder_2", "config.json"));

    public ClipTokenizer LoadClipTokenizer() => ClipTokenizer.Load(Path.Combine(folder, "tokenizer"));

    public T5Tokenizer LoadT5Tokenizer() => T5Tokenizer.Load(Path.Combine(folder, "tokenizer_2"));

    public FlowMatchConfig ReadScheduler()
    {
        var path = Path.Combine(folder, "scheduler", "scheduler_config.json");
        return File.Exists(path) ? FlowMatchConfig.Read(path) : FlowMatchConfig.FluxDev;
    }

    /// <summary>A file in the authors' layout has the sizes that <c>transformer/config.json</c> of the model says, or those that it shows itself.</summary>
    public FluxConfig ReadTransformer()
    {
        if (FindConfig(transformerPath, "transformer") is { } path) return FluxConfig.Read(path);
        using var weights = Checkpoint.Open(transformerPath);
        return FluxConfig.FromShapes(weights);
    }

    /// <summary>A file in the authors' layout has the sizes that <c>vae/config.json</c> of the model says, or those of FLUX.1-dev.</summary>
    public AutoencoderKlConfig ReadAutoencoder() =>
        FindConfig(autoencoderPath, "vae") is { } path ? AutoencoderKlConfig.Read(path) : FluxDev.Autoencoder;

    public ModelSource<ClipTextModel> Clip(ClipTextConfig config) => new("FLUX CLIP text encoder", () => new ClipTextModel(config, META), (network, use) =>
    {
        using var weights = Checkpoint.Open(Path.Combine(folder, "text_encoder"));
        UseWithLoras(network, weights, network.Names(weights), LoraTarget.TextEncoder, use, ClipTextModel.LoraNames);
    });

    public ModelSource<T5EncoderModel> T5(T5Config config) => new("FLUX T5 text encoder", () => new T5EncoderModel(config, META), (network, use) =>
    {
        using var weights = Checkpoint.Open(Path.Combine(folder, "text_encoder_2"));
        UseWithLoras(network, weights, T5EncoderModel.Names(weights), LoraTarget.TextEncoder2, use);
    });

    public ModelSource<FluxTransformer> Transformer(FluxConfig config) => new("FLUX transformer", () => new FluxTransformer(config, META), (network, use) =>
    {
        using var weights = Checkpoint.Open(transformerPath);
        using var stack = new LoraStack(loras);
        using var merged = FluxLora.Merge(weights, network, stack.Entries);
        use(network, merged, network.Names(merged));
    });

    public ModelSource<AutoencoderKl> Decoder(AutoencoderKlConfig config) =>
        new("FLUX VAE decoder", () => new AutoencoderKl(config, META, AutoencoderParts.Decoder), autoencoderPath, static (network, weights) => network.Names(weights));

    /// <summary>The image prompt's keys and values, or null where there is no image prompt.</summary>
    public ModelSource<FluxImagePromptAdapter>? Adapter(FluxConfig config, int width) => ImagePrompt is null ? null :
        new("FLUX image-prompt adapter", () => new FluxImagePromptAdapter(config, width, META), ImagePrompt.Adapter, static (_, _) => FluxImagePromptAdapter.Weights);

    private void UseWithLoras(nn.Module network, Checkpoint weights, WeightMap map, LoraTarget target, WeightUse use, params WeightMap[] layouts)
    {
        using var stack = new LoraStack(loras);
        using var merged = new LoraCheckpoint(weights, network, map, target, stack.Entries, layouts);
        use(network, merged, map);
    }

    private string FindPart(string part, string file)
    {
        var inner = Path.Combine(folder, part);
        if (Directory.Exists(inner)) return inner;
        var single = Path.Combine(folder, file);
        return File.Exists(single) ? single : throw new ImgAlignException($"{folder} holds neither a folder {part} nor {file}; download the whole model.");
    }

    private string? FindConfig(string path, string part)
    {
        if (Directory.Exists(path)) return Path.Combine(path, "config.json");
        var own = Path.Combine(folder, part, "config.json");
        return File.Exists(own) ? own : null;
    }
}

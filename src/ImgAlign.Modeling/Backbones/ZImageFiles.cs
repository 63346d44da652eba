using ImgAlign.Checkpoints;
using ImgAlign.Networks.Vae;
using ImgAlign.Networks.ZImage;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>Where each network of a Z-Image model has its configuration and its weights.</summary>
internal sealed class ZImageFiles
{
    private readonly string folder;
    private readonly FlowModelFolder model;
    private readonly string transformerPath;
    private readonly string? textEncoderPath;
    private readonly IReadOnlyList<(string Path, double Scale)> loras;

    /// <summary>Finds the layout; reads nothing yet.</summary>
    /// <exception cref="ImgAlignException">A path does not exist, or a scale is not finite.</exception>
    public ZImageFiles(ZImageOptions options)
    {
        loras = LoraFiles.Check(options.Loras);
        folder = ModelFolder.Resolve(options.ModelPath);
        model = new FlowModelFolder("Z-Image", folder, options.VaePath);
        transformerPath = model.Find(options.TransformerPath, "transformer", "z_image*.safetensors");
        textEncoderPath = options.TextEncoderPath;
    }

    /// <summary>The model's own schedule, or where it has none that of Z-Image-Turbo.</summary>
    public SchedulerConfig ReadScheduler() => model.ReadScheduler(ZImageTurbo.Scheduler);

    /// <summary>A file in the authors' layout has the sizes that <c>transformer/config.json</c> of the model says, or those that it shows
    /// itself.</summary>
    public ZImageConfig ReadTransformer()
    {
        if (model.FindConfig(transformerPath, "transformer") is { } path)
            return ZImageConfig.Read(path);
        using var file = Checkpoint.Open(transformerPath);
        return ZImageConfig.FromShapes(ZImageNames.Find(file));
    }

    public AutoencoderFiles FindAutoencoder() => model.FindAutoencoder();

    public ZImageTextParts ReadText()
    {
        var own = Path.Combine(folder, "text_encoder");
        return ZImageTextParts.Read(Path.Combine(own, "config.json"), Path.Combine(folder, "tokenizer"), textEncoderPath ?? own);
    }

    public ModelSource<ZImageTransformer> Transformer(ZImageConfig config) =>
        new(
            "Z-Image transformer",
            () => new ZImageTransformer(config, META),
            (network, weights) =>
            {
                var part = ZImageNames.Find(weights.Open(transformerPath));
                var merged = ZImageNames.Merge(part, network, weights.OpenLoras(loras));
                weights.Add(network, weights.Own(merged), ZImageNames.Of(part));
            }
        );
}

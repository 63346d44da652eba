using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Llama;
using ImgAlign.Networks.Qwen;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Qwen2Vl;

/// <summary>Qwen2-VL without a head: features of merged patches take the place of the image in the sequence (transformers
/// Qwen2VLModel).</summary>
public sealed class Qwen2VlModel : nn.Module<QwenTokens, ImagePatches?, Tensor>
{
    [ComponentName(Name = "visual")]
    private readonly Qwen2VlVisionModel visual;

    [ComponentName(Name = "model")]
    private readonly LlamaModel model;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">Its sizes, as <see cref="Qwen2VlConfig"/> reads them.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public Qwen2VlModel(QwenConfig config, Device device)
        : base(nameof(Qwen2VlModel))
    {
        visual = new Qwen2VlVisionModel(config.Vision, device);
        model = new LlamaModel(config.Text, device);
        Config = config;
        RegisterComponents();
    }

    /// <summary>Its sizes.</summary>
    public QwenConfig Config { get; }

    /// <summary>The vision tower.</summary>
    public Qwen2VlVisionModel Visual => visual;

    /// <summary>The language model.</summary>
    public LlamaModel LanguageModel => model;

    /// <summary>How the parameters are named in a published file, whatever heads it has beside them.</summary>
    /// <param name="config">The sizes.</param>
    public static WeightMap Names(QwenConfig config) =>
        new(
            name =>
                name == "visual.patch_embed.proj.weight"
                    ? new WeightSource.Reshaped(name, _ => QwenWeights.KernelShape(config.Vision))
                    : new WeightSource.Whole(name),
            static name => name.StartsWith("lm_head.", StringComparison.Ordinal) || name.StartsWith("rm_head.", StringComparison.Ordinal)
        );

    /// <summary>Reads tokens and images with the model's own positions, which count rows and columns within an image.</summary>
    /// <param name="tokens">The tokens, read with the images' grids.</param>
    /// <param name="images">The images in the order of their places, or null for none.</param>
    /// <returns>Hidden states of the last layer after the final norm, <c>[B, N, D]</c>.</returns>
    public override Tensor forward(QwenTokens tokens, ImagePatches? images)
    {
        using var scope = NewDisposeScope();
        var positions = tokens.CopyPositions(model.Device);
        return model.Run(Embed(tokens, images), positions: positions).MoveToOuterDisposeScope();
    }

    /// <summary>The same with positions that count through images as through text: as HPSv3 was trained.</summary>
    /// <inheritdoc cref="forward" path="/param|/returns"/>
    public Tensor RunSequential(QwenTokens tokens, ImagePatches? images)
    {
        using var embeddings = Embed(tokens, images);
        return model.Run(embeddings);
    }

    private Tensor Embed(QwenTokens tokens, ImagePatches? images)
    {
        using var scope = NewDisposeScope();
        using var features = images is null ? null : visual.call(images);
        return tokens.Embed(model, features).MoveToOuterDisposeScope();
    }
}

using ImgAlign.Imaging;
using ImgAlign.Networks.Llama;
using ImgAlign.Networks.Qwen;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Qwen3Vl;

/// <summary>
/// Qwen3-VL: features of merged patches take the place of the image in the sequence, and more of them are added behind the first layers
/// (transformers Qwen3VLForConditionalGeneration).
/// </summary>
public sealed class Qwen3VlModel : nn.Module<Tensor, ImagePatches?, Tensor>, IQwenModel
{
    [ComponentName(Name = "visual")]
    private readonly Qwen3VlVisionModel visual;

    [ComponentName(Name = "language_model")]
    private readonly LlamaForCausalLM languageModel;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">Its sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public Qwen3VlModel(Qwen3VlConfig config, Device device)
        : base(nameof(Qwen3VlModel))
    {
        Config = config;
        visual = new Qwen3VlVisionModel(config, device);
        languageModel = new LlamaForCausalLM(config.Text, device);
        RegisterComponents();
    }

    /// <summary>Its sizes.</summary>
    public Qwen3VlConfig Config { get; }

    /// <summary>The vision tower.</summary>
    public Qwen3VlVisionModel Visual => visual;

    /// <inheritdoc/>
    public LlamaForCausalLM LanguageModel => languageModel;

    /// <inheritdoc/>
    public Tensor Run(Tensor ids, ImagePatches? images, KeyValueCache? cache = null)
    {
        using var scope = NewDisposeScope();
        var tokens = QwenTokens.Read(ids, images?.Grids ?? [], Config);
        Config.Text.RequireLength(tokens.Length);
        return Run(tokens, images is null ? null : visual.call(images), cache).MoveToOuterDisposeScope();
    }

    /// <summary>The same with what the tower has made of the images.</summary>
    /// <param name="tokens">The tokens, read with the images' grids.</param>
    /// <param name="features">What the tower made of the images; null where there are none.</param>
    /// <param name="cache">Remembers what was read; null for a single pass.</param>
    /// <returns><c>[B, N, D]</c>.</returns>
    public Tensor Run(QwenTokens tokens, Qwen3VlFeatures? features, KeyValueCache? cache = null)
    {
        using var scope = NewDisposeScope();
        var decoder = languageModel.Model;
        var embeddings = tokens.Embed(decoder, features?.Cells);
        var additions = features is null
            ? null
            : new LayerAdditions(tensor(tokens.ImagePositions, device: decoder.Device), features.Deepstack);
        return decoder.Run(embeddings, cache, tokens.CopyPositions(decoder.Device), additions).MoveToOuterDisposeScope();
    }

    /// <inheritdoc cref="Run(Tensor, ImagePatches, KeyValueCache)"/>
    public override Tensor forward(Tensor ids, ImagePatches? images) => Run(ids, images);
}

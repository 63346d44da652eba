using ImgAlign.Imaging;
using ImgAlign.Networks.Llama;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Qwen;

/// <summary>
/// Qwen2.5-VL: features of merged patches take the place of the image in the sequence, and positions count time, rows and columns
/// (transformers Qwen2_5_VLForConditionalGeneration).
/// </summary>
public sealed class QwenModel : nn.Module<Tensor, ImagePatches?, Tensor>, IQwenModel
{
    [ComponentName(Name = "visual")]
    private readonly QwenVisionModel visual;

    [ComponentName(Name = "language_model")]
    private readonly LlamaForCausalLM languageModel;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">Its sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public QwenModel(QwenConfig config, Device device)
        : base(nameof(QwenModel))
    {
        Config = config;
        visual = new QwenVisionModel(config.Vision, device);
        languageModel = new LlamaForCausalLM(config.Text, device);
        RegisterComponents();
    }

    /// <summary>Its sizes.</summary>
    public QwenConfig Config { get; }

    /// <summary>The vision tower.</summary>
    public QwenVisionModel Visual => visual;

    /// <summary>The language model with its head.</summary>
    public LlamaForCausalLM LanguageModel => languageModel;

    /// <summary>Reads tokens and images: prefill without logits.</summary>
    /// <param name="ids">Token ids <c>[B, N]</c>, the image's token once for each merged cell.</param>
    /// <param name="images">The images in the order of their places, or null for none.</param>
    /// <param name="cache">Remembers what was read, so that an answer can follow; null for a single pass.</param>
    /// <returns>Hidden states of the last layer after the final norm, <c>[B, N, D]</c>.</returns>
    /// <exception cref="ArgumentException">Images and places differ, or an id is not in the vocabulary.</exception>
    /// <exception cref="InvalidRequestException">The sequence is longer than the model allows.</exception>
    public Tensor Run(Tensor ids, ImagePatches? images, KeyValueCache? cache = null)
    {
        using var scope = NewDisposeScope();
        var tokens = QwenTokens.Read(ids, images?.Grids ?? [], Config);
        Config.Text.RequireLength(tokens.Length);
        return languageModel
            .Model.Run(Embed(tokens, images), cache, tokens.CopyPositions(languageModel.Model.Device))
            .MoveToOuterDisposeScope();
    }

    /// <summary>The sequence that the language model reads: embedded tokens, with the features of merged patches in the images'
    /// places.</summary>
    /// <param name="tokens">The tokens, read with the images' grids.</param>
    /// <param name="images">The images, or null for none.</param>
    /// <returns><c>[B, N, D]</c>.</returns>
    public Tensor Embed(QwenTokens tokens, ImagePatches? images)
    {
        using var features = images is null ? null : visual.call(images);
        return tokens.Embed(languageModel.Model, features);
    }

    /// <inheritdoc cref="Run"/>
    public override Tensor forward(Tensor ids, ImagePatches? images) => Run(ids, images);
}

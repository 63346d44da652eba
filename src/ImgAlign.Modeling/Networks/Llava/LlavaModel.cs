using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Llama;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Llava;

/// <summary>
/// LLaVA-1.5: CLIP patches, projected to the language model's width, take the place of the image in the sequence
/// (transformers LlavaForConditionalGeneration).
/// </summary>
public sealed class LlavaModel : nn.Module<Tensor, Tensor?, Tensor>
{
    [ComponentName(Name = "vision_tower")]
    private readonly ClipVisionModel visionTower;

    [ComponentName(Name = "multi_modal_projector")]
    private readonly LlavaProjector projector;

    [ComponentName(Name = "language_model")]
    private readonly LlamaForCausalLM languageModel;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">Its sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public LlavaModel(LlavaConfig config, Device device)
        : base(nameof(LlavaModel))
    {
        Config = config;
        // The tower ends with the block whose output is wanted; its "penultimate" output is what would enter one more.
        visionTower = new ClipVisionModel(config.Vision with { NumHiddenLayers = config.VisionBlocks + 1 }, device, penultimateOnly: true);
        projector = new LlavaProjector(config, device);
        languageModel = new LlamaForCausalLM(config.Text, device);
        RegisterComponents();
    }

    /// <summary>Its sizes.</summary>
    public LlavaConfig Config { get; }

    /// <summary>The language model with its head.</summary>
    public LlamaForCausalLM LanguageModel => languageModel;

    public ClipVisionModel VisionTower => visionTower;

    public LlavaProjector Projector => projector;

    /// <summary>The tower's features of each patch.</summary>
    /// <param name="pixels">Normalised pixels <c>[images, 3, S, S]</c>.</param>
    /// <returns><c>[images, P, w]</c>.</returns>
    public Tensor EncodeImages(Tensor pixels)
    {
        using var output = visionTower.call(pixels);
        return Config.KeepsClassToken ? output.Penultimate.alias() : output.Penultimate.narrow(1, 1, Config.ImageTokens);
    }

    /// <summary>The tower's features in the language model's space.</summary>
    /// <param name="features"><c>[images, P, w]</c>.</param>
    /// <returns><c>[images, P, D]</c>.</returns>
    public Tensor Project(Tensor features) => projector.call(features);

    /// <summary>The sequence that the language model reads: embedded tokens, with the projected patches in the images' places. Rows that
    /// come out shorter than others are filled up on the right.</summary>
    /// <param name="ids"> Token ids <c>[B, N']</c>; an image is one -200 (LLaVA's IMAGE_TOKEN_INDEX), or
    /// <see cref="LlavaConfig.ImageTokens"/> times <see cref="LlavaConfig.ImageTokenIndex"/>.
    /// </param>
    /// <param name="pixels">Normalised pixels <c>[images, 3, S, S]</c> in the order of their places, or null for none.</param>
    /// <returns><c>[B, N, D]</c>.</returns>
    /// <exception cref="ArgumentException">Images and places differ in number, or an id is not in the vocabulary.</exception>
    public Tensor Embed(Tensor ids, Tensor? pixels)
    {
        using var scope = NewDisposeScope();
        var device = languageModel.Model.Device;
        var tokens = LlavaTokens.Expand(ids, Config);
        tokens.RequireImages(pixels?.shape[0] ?? 0, Config.ImageTokens);
        var embeddings = languageModel.Model.Embed(tensor(tokens.Ids, [tokens.Rows, tokens.Length], device: device)); // [B, N, D]
        if (pixels is null)
            return embeddings.MoveToOuterDisposeScope();
        var patches = Project(EncodeImages(pixels)).flatten(0, 1); // [images * P, D]
        var sequence = embeddings.flatten(0, 1).index_copy(0, tensor(tokens.ImagePositions, device: device), patches);
        return sequence.view(embeddings.shape).MoveToOuterDisposeScope();
    }

    /// <summary>Reads tokens and images: prefill without logits.</summary>
    /// <param name="ids">As for <see cref="Embed"/>.</param>
    /// <param name="pixels">As for <see cref="Embed"/>.</param>
    /// <param name="cache">Remembers what is read, for an answer; null for none.</param>
    /// <returns>Hidden states of the last layer after the final norm, <c>[B, N, D]</c>.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Embed"/>.</exception>
    /// <exception cref="InvalidRequestException">The sequence is longer than the model allows.</exception>
    public Tensor Run(Tensor ids, Tensor? pixels, KeyValueCache? cache = null)
    {
        using var embeddings = Embed(ids, pixels);
        return languageModel.Model.Run(embeddings, cache);
    }

    /// <inheritdoc cref="Run"/>
    public override Tensor forward(Tensor ids, Tensor? pixels) => Run(ids, pixels);
}

using ImgAlign.Networks.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Sdxl;

/// <summary>
/// What all steps of a generation share: keys and values of the text and of the image prompt in every cross attention, and the embedding of
/// the pooled text and the time ids. Made by <see cref="UNet2DConditionModel.Prepare"/>; owns its tensors.
/// </summary>
public sealed class UNetConditioning : Conditioning
{
    private readonly IReadOnlyDictionary<UNetAttention, CrossAttentionContext> contexts;

    internal UNetConditioning(Tensor addedEmbedding, IReadOnlyDictionary<UNetAttention, CrossAttentionContext> contexts)
    {
        AddedEmbedding = addedEmbedding;
        this.contexts = contexts;
        foreach (var tensor in Tensors)
            tensor.DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public override int Batch => (int)AddedEmbedding.shape[0];

    /// <summary>What is added to the time embedding, <c>[B, t]</c>.</summary>
    internal Tensor AddedEmbedding { get; }

    /// <summary>What a cross attention attends to.</summary>
    internal CrossAttentionContext ContextOf(UNetAttention attention) => contexts[attention];

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        foreach (var tensor in Tensors)
            tensor.Dispose();
    }

    private IEnumerable<Tensor> Tensors => contexts.Values.SelectMany(context => context.Tensors).Prepend(AddedEmbedding);
}

/// <summary>What one cross attention attends to.</summary>
/// <param name="Text">Of the text.</param>
/// <param name="Image">Of the image prompt, the values times its scale; null for none.</param>
internal sealed record CrossAttentionContext(KeysAndValues Text, KeysAndValues? Image)
{
    /// <summary>The same of tensors in the order of <see cref="Tensors"/>.</summary>
    public static CrossAttentionContext Of(params IReadOnlyList<Tensor> tensors) =>
        new(new(tensors[0], tensors[1]), tensors.Count > 2 ? new(tensors[2], tensors[3]) : null);

    public IEnumerable<Tensor> Tensors => Image is null ? [Text.Keys, Text.Values] : [Text.Keys, Text.Values, Image.Keys, Image.Values];
}

/// <summary>What the blocks of the UNet share within one step.</summary>
/// <param name="ActivatedTime">SiLU of the time embedding, <c>[B, t]</c>.</param>
/// <param name="Conditioning">What the steps share.</param>
/// <param name="RecomputesActivations">See <see cref="UNet2DConditionModel.RecomputesActivations"/>.</param>
internal sealed record UNetStep(Tensor ActivatedTime, UNetConditioning Conditioning, bool RecomputesActivations)
{
    /// <summary>What the down blocks leave for the up blocks; each is taken, and freed, once.</summary>
    public Stack<Tensor> Skips { get; } = new();
}

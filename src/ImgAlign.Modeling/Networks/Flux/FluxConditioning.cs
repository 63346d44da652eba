using ImgAlign.Networks.Layers;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Flux;

/// <summary>
/// What all steps of a generation share: the text's tokens, what pooled text and guidance add to the time embedding, the rotations of all
/// positions, and keys and values of an image prompt for every double block. Made by <see cref="FluxTransformer.Prepare"/>; owns its
/// tensors.
/// </summary>
public sealed class FluxConditioning : Conditioning
{
    internal FluxConditioning(Tensor text, Tensor vector, Tensor rotations, IReadOnlyList<KeysAndValues>? imagePrompt)
    {
        (Text, Vector, Rotations, ImagePrompt) = (text, vector, rotations, imagePrompt);
        foreach (var tensor in Tensors)
            tensor.DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public override int Batch => (int)Text.shape[0];

    /// <summary>Text tokens in the network's width, <c>[B, L, w]</c>.</summary>
    internal Tensor Text { get; }

    /// <summary>What is added to the time embedding, <c>[B, w]</c>.</summary>
    internal Tensor Vector { get; }

    /// <summary>Of text and image tokens, from <see cref="AxialRope.Table"/>.</summary>
    public Tensor Rotations { get; }

    /// <summary>One a double block, the values times the prompt's scale; null for no image prompt.</summary>
    internal IReadOnlyList<KeysAndValues>? ImagePrompt { get; }

    /// <summary>Skips blocks of samples in steps that change them little; null: all blocks run in all steps.</summary>
    public FirstBlockCache? StepCache { get; set; }

    /// <summary>The number of text tokens, L.</summary>
    public long TextLength => Text.shape[1];

    /// <summary>The number of image tokens, N.</summary>
    public long ImageLength => Rotations.shape[1] - TextLength;

    /// <summary>The same of some samples, without a step cache.</summary>
    /// <param name="samples">Indices, int64 <c>[n]</c>.</param>
    /// <returns>Disposed by the caller.</returns>
    public FluxConditioning Select(Tensor samples)
    {
        return new FluxConditioning(
            Of(Text),
            Of(Vector),
            Rotations.shape[0] == 1 ? Rotations.alias() : Of(Rotations),
            ImagePrompt?.Select(prompt => new KeysAndValues(Of(prompt.Keys), Of(prompt.Values))).ToList()
        );

        Tensor Of(Tensor tensor) => tensor.index_select(0, samples);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        foreach (var tensor in Tensors)
            tensor.Dispose();
        StepCache?.Dispose();
    }

    private IEnumerable<Tensor> Tensors =>
        (ImagePrompt ?? []).SelectMany<KeysAndValues, Tensor>(prompt => [prompt.Keys, prompt.Values]).Concat([Text, Vector, Rotations]);
}

/// <summary>What the blocks share within one step.</summary>
/// <param name="ActivatedVector">SiLU of the embedding of time, pooled text and guidance, <c>[B, w]</c>: what modulates all blocks.</param>
/// <param name="Conditioning">What the steps share.</param>
internal sealed record FluxStep(Tensor ActivatedVector, FluxConditioning Conditioning);

using static TorchSharp.torch;

namespace ImgAlign.Networks.ZImage;

/// <summary>
/// What all steps of a generation share: the refined captions, the rotations of all positions, and which of them take part. Made by
/// <see cref="ZImageTransformer.Prepare"/>; owns its tensors.
/// </summary>
public sealed class ZImageConditioning : Conditioning
{
    internal ZImageConditioning(LatentGrid grid, Tensor caption, Tensor rotations, Tensor? mask) =>
        (Grid, Caption, Rotations, Mask) = (
            grid,
            caption.DetachFromDisposeScope(),
            rotations.DetachFromDisposeScope(),
            mask?.DetachFromDisposeScope()
        );

    /// <summary>The picture's tokens.</summary>
    public LatentGrid Grid { get; }

    /// <summary>The captions' tokens, <c>[B, M, w]</c>.</summary>
    public Tensor Caption { get; }

    /// <summary>The rotation of each position, the picture's and then the caption's: <c>[B, N + M, 1, dh/2]</c>, complex64.</summary>
    public Tensor Rotations { get; }

    /// <summary>Which positions take part, <c>[B, 1, 1, N + M]</c>; null: all do.</summary>
    public Tensor? Mask { get; }

    /// <inheritdoc/>
    public override int Batch => (int)Caption.shape[0];

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Caption.Dispose();
        Rotations.Dispose();
        Mask?.Dispose();
    }
}

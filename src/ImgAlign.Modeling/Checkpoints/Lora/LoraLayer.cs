using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>A low-rank change of one layer: <c>scale * up @ down</c>.</summary>
/// <param name="Target">The network.</param>
/// <param name="Name">The layer's path in it, with underscores for dots.</param>
/// <param name="Down">The tensor <c>[rank, in]</c>, or <c>[rank, in, kh, kw]</c> of a convolution.</param>
/// <param name="Up">The tensor <c>[out, rank]</c>, or <c>[out, rank, 1, 1]</c> of a convolution.</param>
/// <param name="Scale">The factor, alpha / rank; 1 where the file does not say.</param>
internal sealed record LoraLayer(LoraTarget Target, string Name, TensorInfo Down, TensorInfo Up, double Scale)
{
    /// <summary>Rows of down and columns of up.</summary>
    public long Rank => Down.Shape[0];

    /// <summary>Whether it can change a weight of this shape; 1x1 convolutions count as matrices.</summary>
    public bool Fits(IReadOnlyList<long> shape) =>
        Up.Shape[0] == shape[0]
        && shape.Skip(1).Aggregate(1L, (product, size) => product * size) == Down.Count / Rank
        && (Down.Shape.Count == 2 || shape.Count == 2 || Down.Shape.Skip(1).SequenceEqual(shape.Skip(1)));

    /// <summary>The change for a scale of 1, in float32 and of the weight's shape; disposed by the caller.</summary>
    public torch.Tensor Delta(Checkpoint file, IReadOnlyList<long> shape)
    {
        using var scope = torch.NewDisposeScope();
        var down = file.Read(Down.Name).to(torch.float32).flatten(1); // [rank, in * kh * kw]
        var up = file.Read(Up.Name).to(torch.float32).flatten(1); // [out, rank]
        return up.mm(down).TimesInPlace(Scale).view([.. shape]).MoveToOuterDisposeScope();
    }
}

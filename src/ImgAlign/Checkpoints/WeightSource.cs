using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>Where one parameter of a network comes from: the names in the checkpoint, and how their tensors become the parameter.</summary>
public abstract record WeightSource
{
    private protected WeightSource(params string[] names) => Names = names;

    /// <summary>The checkpoint's names that are read.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The shape that each of <see cref="Names"/> must have for the parameter to have <paramref name="shape"/>, or null for "any that fits".</summary>
    internal abstract IReadOnlyList<long[]> ExpectedShapes(long[] shape);

    /// <summary>Makes the parameter; arguments are borrowed, the result is a new tensor or an alias.</summary>
    internal abstract torch.Tensor Combine(IReadOnlyList<torch.Tensor> tensors, long[] shape);

    /// <summary>The tensor as it is.</summary>
    public sealed record Whole(string Name) : WeightSource(Name)
    {
        internal override IReadOnlyList<long[]> ExpectedShapes(long[] shape) => [shape];
        internal override torch.Tensor Combine(IReadOnlyList<torch.Tensor> tensors, long[] shape) => tensors[0].alias();
    }

    /// <summary>A matrix stored as <c>[in, out]</c>.</summary>
    public sealed record Transposed(string Name) : WeightSource(Name)
    {
        internal override IReadOnlyList<long[]> ExpectedShapes(long[] shape) => [[.. shape.Reverse()]];
        internal override torch.Tensor Combine(IReadOnlyList<torch.Tensor> tensors, long[] shape) => tensors[0].t().contiguous();
    }

    /// <summary>The same elements in another shape: a linear layer stored as a 1x1 convolution.</summary>
    public sealed record Reshaped(string Name, Func<long[], long[]> StoredShape) : WeightSource(Name)
    {
        internal override IReadOnlyList<long[]> ExpectedShapes(long[] shape) => [StoredShape(shape)];
        internal override torch.Tensor Combine(IReadOnlyList<torch.Tensor> tensors, long[] shape) => tensors[0].view(shape);
    }

    /// <summary>One of several equal blocks of rows: q, k or v out of a packed projection.</summary>
    public sealed record RowBlock(string Name, int Index, int Count) : WeightSource(Name)
    {
        internal override IReadOnlyList<long[]> ExpectedShapes(long[] shape) => [[shape[0] * Count, .. shape[1..]]];
        internal override torch.Tensor Combine(IReadOnlyList<torch.Tensor> tensors, long[] shape) => tensors[0].narrow(0, Index * shape[0], shape[0]);
    }

    /// <summary>Equal blocks of rows put together: one product for q, k and v.</summary>
    public sealed record Stacked(params string[] Parts) : WeightSource(Parts)
    {
        internal override IReadOnlyList<long[]> ExpectedShapes(long[] shape) => [.. Parts.Select(_ => (long[])[shape[0] / Parts.Length, .. shape[1..]])];
        internal override torch.Tensor Combine(IReadOnlyList<torch.Tensor> tensors, long[] shape) => torch.cat([.. tensors], 0);
    }
}

using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>Where one parameter of a network comes from: the names in the checkpoint, and how their tensors become the parameter.</summary>
public abstract record WeightSource
{
    private protected WeightSource(params string[] names) => Names = names;

    /// <summary>The checkpoint's names that are read.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The shape that each of <see cref="Names"/> must have for the parameter to have <paramref name="shape"/>, or null for "any
    /// that fits".</summary>
    internal abstract IReadOnlyList<long[]> ExpectedShapes(long[] shape);

    /// <summary>Makes the parameter; arguments are borrowed, the result is a new tensor or an alias.</summary>
    internal abstract torch.Tensor Combine(IReadOnlyList<torch.Tensor> tensors, long[] shape);

    /// <summary>Whether the parameter's rows are rows of the tensors, so that each can be taken in whatever form it has.</summary>
    private protected virtual bool KeepsRows => true;

    /// <summary>Whether the parameter is a view of its tensor, so that it needs no memory where that is a view of a file.</summary>
    private protected virtual bool CombinesToView => true;

    /// <summary>Whether the parameter, as it is read, is a view of a checkpoint's file.</summary>
    /// <param name="checkpoint">The checkpoint; only what it says of its tensors is looked at.</param>
    internal bool IsView(Checkpoint checkpoint) => CombinesToView && !checkpoint.Tensors[Names[0]].IsComputed;

    /// <summary>
    /// The form that a checkpoint has the parameter's rows in; null where they are not there as such, or in none that they can be kept in.
    /// </summary>
    /// <param name="checkpoint">The checkpoint; only what it says of its tensors is looked at.</param>
    internal CompactForm? FormIn(Checkpoint checkpoint) =>
        KeepsRows && Names.Select(name => checkpoint.Tensors[name].Form).Distinct().ToList() is [var form] ? form : null;

    /// <summary>Reads the parameter in <see cref="FormIn"/>.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="shape">The parameter's shape.</param>
    /// <returns>New tensors or aliases.</returns>
    internal CompactMatrix ReadCompact(Checkpoint checkpoint, long[] shape)
    {
        var form = FormIn(checkpoint)!;
        var parts = Names.Select(checkpoint.ReadCompact).ToList();
        var elements = Combine([.. parts.Select(static part => part.Elements)], form.ElementsShape(shape));
        return new(elements, form.HasFactors ? Combine([.. parts.Select(static part => part.Factors!)], [shape[0], 1]) : null);
    }

    /// <summary>Changes the one stored tensor so that the parameter changes by <paramref name="change"/> times
    /// <paramref name="scale"/>.</summary>
    /// <exception cref="NotSupportedException">The parameter is not stored in one tensor, or not as rows.</exception>
    internal virtual void AddChange(torch.Tensor stored, torch.Tensor change, double scale) =>
        throw new NotSupportedException($"A {GetType().Name} cannot be changed in place.");

    /// <summary>The tensor as it is.</summary>
    public sealed record Whole(string Name) : WeightSource(Name)
    {
        internal override IReadOnlyList<long[]> ExpectedShapes(long[] shape) => [shape];

        internal override torch.Tensor Combine(IReadOnlyList<torch.Tensor> tensors, long[] shape) => tensors[0].alias();

        internal override void AddChange(torch.Tensor stored, torch.Tensor change, double scale) =>
            Combine([stored], change.shape).PlusInPlace(change, scale);
    }

    /// <summary>A matrix stored as <c>[in, out]</c>.</summary>
    public sealed record Transposed(string Name) : WeightSource(Name)
    {
        internal override IReadOnlyList<long[]> ExpectedShapes(long[] shape) =>
            [
                [.. shape.Reverse()],
            ];

        private protected override bool CombinesToView => false;
        private protected override bool KeepsRows => false;

        internal override torch.Tensor Combine(IReadOnlyList<torch.Tensor> tensors, long[] shape) => tensors[0].t().contiguous();

        internal override void AddChange(torch.Tensor stored, torch.Tensor change, double scale) => stored.PlusInPlace(change.t(), scale);
    }

    /// <summary>The same elements in another shape: a linear layer stored as a 1x1 convolution.</summary>
    public sealed record Reshaped(string Name, Func<long[], long[]> StoredShape) : WeightSource(Name)
    {
        internal override IReadOnlyList<long[]> ExpectedShapes(long[] shape) => [StoredShape(shape)];

        private protected override bool KeepsRows => false;

        internal override torch.Tensor Combine(IReadOnlyList<torch.Tensor> tensors, long[] shape) => tensors[0].view(shape);

        internal override void AddChange(torch.Tensor stored, torch.Tensor change, double scale) =>
            Combine([stored], change.shape).PlusInPlace(change, scale);
    }

    /// <summary>One of several equal blocks of rows: q, k or v out of a packed projection.</summary>
    public sealed record RowBlock(string Name, int Index, int Count) : WeightSource(Name)
    {
        internal override IReadOnlyList<long[]> ExpectedShapes(long[] shape) =>
            [
                [shape[0] * Count, .. shape[1..]],
            ];

        internal override torch.Tensor Combine(IReadOnlyList<torch.Tensor> tensors, long[] shape) =>
            tensors[0].narrow(0, Index * shape[0], shape[0]);

        internal override void AddChange(torch.Tensor stored, torch.Tensor change, double scale) =>
            Combine([stored], change.shape).PlusInPlace(change, scale);
    }

    /// <summary>Some of the rows: a part of a packed projection whose parts have different sizes.</summary>
    public sealed record RowRange(string Name, long Start, long Total) : WeightSource(Name)
    {
        internal override IReadOnlyList<long[]> ExpectedShapes(long[] shape) =>
            [
                [Total, .. shape[1..]],
            ];

        internal override torch.Tensor Combine(IReadOnlyList<torch.Tensor> tensors, long[] shape) => tensors[0].narrow(0, Start, shape[0]);

        internal override void AddChange(torch.Tensor stored, torch.Tensor change, double scale) =>
            Combine([stored], change.shape).PlusInPlace(change, scale);
    }

    /// <summary>The lower half of the rows before the upper one.</summary>
    public sealed record SwappedHalves(string Name) : WeightSource(Name)
    {
        internal override IReadOnlyList<long[]> ExpectedShapes(long[] shape) => [shape];

        private protected override bool CombinesToView => false;

        internal override torch.Tensor Combine(IReadOnlyList<torch.Tensor> tensors, long[] shape) => tensors[0].roll(shape[0] / 2, 0);

        internal override void AddChange(torch.Tensor stored, torch.Tensor change, double scale) =>
            stored.PlusInPlace(change.roll(change.shape[0] / 2, 0), scale);
    }

    /// <summary>Equal blocks of rows put together: one product for q, k and v.</summary>
    public sealed record Stacked(params string[] Parts) : WeightSource(Parts)
    {
        internal override IReadOnlyList<long[]> ExpectedShapes(long[] shape) =>
            [.. Parts.Select(_ => (long[])[shape[0] / Parts.Length, .. shape[1..]])];

        private protected override bool CombinesToView => false;

        internal override torch.Tensor Combine(IReadOnlyList<torch.Tensor> tensors, long[] shape) => torch.cat([.. tensors], 0);
    }
}

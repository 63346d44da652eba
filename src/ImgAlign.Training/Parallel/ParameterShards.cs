using System.Globalization;
using ImgAlign.Training.Optimization;
using static TorchSharp.torch;

namespace ImgAlign.Training.Parallel;

/// <summary>
/// What of the parameters this process takes the optimiser's steps for: all of them, or one of as many equal parts as there are processes
/// (ZeRO, stage 1; Rajbhandari et al., 2020). What AdamW keeps is then kept once and not in every process.
/// </summary>
internal sealed class ParameterShards : IDisposable
{
    private const string NoMore = "";

    private readonly TrainedParameters parameters;
    private readonly IProcessGroup group;
    private readonly Dictionary<int, int> pieceOfParameter;

    /// <param name="parameters">The parameters, laid out for the group; borrowed.</param>
    /// <param name="group">The processes; borrowed.</param>
    /// <param name="isSharded">Whether each has a part of its own.</param>
    public ParameterShards(TrainedParameters parameters, IProcessGroup group, bool isSharded)
    {
        this.parameters = parameters;
        this.group = group;
        IsSharded = isSharded && group.Size > 1;
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var (pieces, weights, gradients) = (new List<Piece>(), new List<Tensor>(), new List<Tensor>());
        foreach (var bucket in parameters.Buckets)
        {
            var (from, to) = IsSharded ? (group.Rank * bucket.PartLength, (group.Rank + 1) * bucket.PartLength) : (0, bucket.Flat.numel());
            foreach (var member in bucket.Members)
            {
                var start = Math.Max(from, member.Start);
                var length = Math.Min(to, member.Start + member.Length) - start;
                if (length <= 0)
                    continue;
                var piece = new Piece(bucket, member.Parameter, start, start - member.Start, length);
                pieces.Add(piece);
                weights.Add(Cut(piece, parameters.Tensors[member.Parameter]).DetachFromDisposeScope());
                gradients.Add(bucket.Flat.narrow(0, start, length).DetachFromDisposeScope());
            }
        }
        (Pieces, Weights, Gradients) = (pieces, weights, gradients);
        pieceOfParameter = pieces.Index().ToDictionary(static pair => pair.Item.Parameter, static pair => pair.Index);
    }

    /// <summary>Whether each process has a part of its own.</summary>
    public bool IsSharded { get; }

    /// <summary>What belongs to this process: of every parameter at most one piece.</summary>
    public IReadOnlyList<Piece> Pieces { get; }

    /// <summary>The pieces' weights, rows that are views of the parameters.</summary>
    public IReadOnlyList<Tensor> Weights { get; }

    /// <summary>The pieces' gradients, likewise.</summary>
    public IReadOnlyList<Tensor> Gradients { get; }

    /// <summary>A piece of a tensor that has the shape of its parameter, as a row.</summary>
    public Tensor Cut(Piece piece, Tensor whole)
    {
        using var scope = NewDisposeScope();
        var parameter = parameters.Tensors[piece.Parameter];
        var laidOut = whole.stride().SequenceEqual(parameter.stride()) ? whole : empty_like(parameter, dtype: whole.dtype).copy_(whole);
        return MemoryOrder.Row(laidOut).narrow(0, piece.StartInParameter, piece.Length).MoveToOuterDisposeScope();
    }

    /// <summary>Gives all processes the first one's parameters. The gradients are lost.</summary>
    public void BroadcastWeights() => Exchange(parameters.Tensors.Zip(parameters.Gradients), group.Broadcast);

    /// <summary>Gives all processes what each has made of its part of the parameters. The gradients are lost.</summary>
    public void GatherWeights()
    {
        if (IsSharded)
            Exchange(Weights.Zip(Gradients), group.AllGather);
    }

    /// <summary>The L2 norm of all processes' gradients by that of this process's.</summary>
    public double NormOfAll(double norm) => IsSharded ? Math.Sqrt(group.Sum(norm * norm)) : norm;

    /// <summary>
    /// Lets the first process write tensors of which every process has its pieces: it asks for one bucket of them after the other, as it
    /// needs them, and the others give theirs. All processes call this.
    /// </summary>
    /// <param name="sources">By a kind's name: the tensor of a piece's number, a row in the type in which weights are trained.</param>
    /// <param name="write">Writes, in the first process; it is given a kind's whole tensor by the kind's name and the parameter's
    /// number.</param>
    public void WriteWhole(IReadOnlyDictionary<string, Func<int, Tensor>> sources, Action<Func<string, int, Tensor>> write)
    {
        if (!IsSharded)
        {
            if (group.Rank == 0)
                write((kind, parameter) => Shape(sources[kind](pieceOfParameter[parameter]), parameter));
            return;
        }
        if (group.Rank > 0)
        {
            while (group.Broadcast(NoMore).Split(' ') is [var kind, var bucket])
                Gather(sources[kind], int.Parse(bucket, CultureInfo.InvariantCulture)).Dispose();
            return;
        }
        var asked = "";
        Tensor? whole = null;
        write(
            (kind, parameter) =>
            {
                var (index, place) = Find(parameter);
                var request = string.Create(CultureInfo.InvariantCulture, $"{kind} {index}");
                if (request != asked)
                {
                    whole?.Dispose();
                    asked = group.Broadcast(request);
                    whole = Gather(sources[kind], index).DetachFromDisposeScope();
                }
                using var row = whole!.narrow(0, place.Start, place.Length);
                return Shape(row, parameter);
            }
        );
        whole?.Dispose();
        group.Broadcast(NoMore);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var view in Weights.Concat(Gradients))
            view.Dispose();
    }

    // The weights travel in the memory of the gradients, so that it takes no more.
    private void Exchange(IEnumerable<(Tensor Weight, Tensor Gradient)> own, Action<Tensor> exchange)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (weight, gradient) in own)
            gradient.copy_(weight);
        foreach (var bucket in parameters.Buckets)
            exchange(bucket.Flat);
        group.Synchronize();
        foreach (var (parameter, gradient) in parameters.Tensors.Zip(parameters.Gradients))
            parameter.copy_(gradient);
    }

    // One kind of all tensors of a bucket, laid out like it.
    private Tensor Gather(Func<int, Tensor> source, int bucketIndex)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var bucket = parameters.Buckets[bucketIndex];
        var whole = zeros(bucket.Flat.numel(), AdamW.TypeOfWeight(bucket.Flat), bucket.Flat.device);
        foreach (var (index, piece) in Pieces.Index().Where(pair => pair.Item.Bucket == bucket))
            whole.narrow(0, piece.Start, piece.Length).copy_(source(index));
        group.AllGather(whole);
        group.Synchronize();
        return whole.MoveToOuterDisposeScope();
    }

    private (int Bucket, GradientBucket.Member Place) Find(int parameter) =>
        parameters
            .Buckets.Index()
            .SelectMany(static pair => pair.Item.Members.Select(member => (pair.Index, member)))
            .First(pair => pair.member.Parameter == parameter);

    private Tensor Shape(Tensor row, int parameter) => MemoryOrder.Shape(row, parameters.Tensors[parameter]);

    /// <summary>What of a parameter belongs to this process.</summary>
    /// <param name="Bucket">Where its gradient is.</param>
    /// <param name="Parameter">Which one.</param>
    /// <param name="Start">Its first element's place in the bucket.</param>
    /// <param name="StartInParameter">Its first element's place in the parameter.</param>
    /// <param name="Length">The number of its elements.</param>
    public sealed record Piece(GradientBucket Bucket, int Parameter, long Start, long StartInParameter, long Length);
}

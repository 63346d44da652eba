using static TorchSharp.torch;

namespace ImgAlign.Training.Optimization;

/// <summary>Tensors as one row, in the order in which their elements lie in memory.</summary>
internal static class MemoryOrder
{
    /// <summary>A tensor's memory as a row <c>[count]</c>; a view.</summary>
    /// <exception cref="ArgumentException">Its memory has gaps.</exception>
    public static Tensor Row(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        var ordered = tensor.detach().permute(Dimensions(tensor));
        return ordered.is_contiguous()
            ? ordered.view(-1).MoveToOuterDisposeScope()
            : throw new ArgumentException("The memory of a trained tensor has gaps.", nameof(tensor));
    }

    /// <summary>A row in the shape of a tensor whose memory is laid out like it; a view.</summary>
    /// <param name="row"><c>[count]</c>, contiguous.</param>
    /// <param name="like">The tensor.</param>
    public static Tensor Shape(Tensor row, Tensor like)
    {
        using var scope = NewDisposeScope();
        var dimensions = Dimensions(like);
        var back = dimensions.Index().OrderBy(static pair => pair.Item).Select(static pair => (long)pair.Index).ToArray();
        return row.view([.. dimensions.Select(dimension => like.shape[dimension])]).permute(back).MoveToOuterDisposeScope();
    }

    private static long[] Dimensions(Tensor tensor)
    {
        var strides = tensor.stride();
        return [.. Enumerable.Range(0, strides.Length).OrderByDescending(dimension => strides[dimension]).Select(static i => (long)i)];
    }
}

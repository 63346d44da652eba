namespace ImgAlign.Checkpoints;

/// <summary>Arithmetic on shapes and strides that come from files: never wraps around.</summary>
internal static class TensorExtent
{
    /// <summary>Bytes of a contiguous tensor, or null when there are more than 2^63.</summary>
    public static long? Bytes(IReadOnlyList<long> shape, ElementType type)
    {
        var product = shape.Aggregate((UInt128)1, (product, size) => product > long.MaxValue ? product : product * (ulong)size);
        return product * (ulong)type.Bytes <= long.MaxValue ? (long)product * type.Bytes : null;
    }

    /// <summary>Elements from the first to the last one of a strided view, including both, or null when there are more than 2^63.</summary>
    public static long? Elements(IReadOnlyList<long> shape, IReadOnlyList<long> strides)
    {
        if (shape.Contains(0))
            return 0;
        var last = (UInt128)0;
        for (var i = 0; i < shape.Count; i++)
        {
            last += (UInt128)(shape[i] - 1) * (ulong)strides[i];
            if (last >= long.MaxValue)
                return null;
        }
        return (long)last + 1;
    }

    /// <summary>Strides of a contiguous tensor.</summary>
    public static long[] Contiguous(IReadOnlyList<long> shape)
    {
        var strides = new long[shape.Count];
        var stride = 1L;
        for (var i = shape.Count - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= shape[i];
        }
        return strides;
    }
}

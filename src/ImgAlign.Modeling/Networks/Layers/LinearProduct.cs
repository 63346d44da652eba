using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary><c>x W^T + b</c>: the one product that all layers use.</summary>
internal static class LinearProduct
{
    /// <summary>Multiplies and adds.</summary>
    /// <param name="x"><c>[..., k]</c>.</param>
    /// <param name="weight"><c>[n, k]</c>.</param>
    /// <param name="bias"><c>[n]</c>, or null.</param>
    /// <returns><c>[..., n]</c>.</returns>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor? bias) =>
        IsWorthOwnProduct(x, weight, bias) ? OwnProduct(x, weight, bias) : nn.functional.linear(x, weight, bias);

    private static bool IsWorthOwnProduct(Tensor x, Tensor weight, Tensor? bias)
    {
        if (
            !WideProducts.AreUsed(DeviceRuntime.Current)
            || !IsFloat32OnCpu(x)
            || !IsFloat32OnCpu(weight)
            || bias is not null && !IsFloat32OnCpu(bias)
        )
            return false;
        if (is_grad_enabled() && (x.requires_grad || weight.requires_grad || bias is not null && bias.requires_grad))
            return false;
        // What does not fit together is libtorch's to refuse.
        if (
            x.ndim == 0
            || weight.ndim != 2
            || x.shape[^1] != weight.shape[1]
            || bias is not null && !bias.shape.SequenceEqual([weight.shape[0]])
        )
            return false;
        var (m, n, k) = (x.shape[..^1].Aggregate(1L, static (product, size) => product * size), weight.shape[0], weight.shape[1]);
        var largest = Math.Max(m * Math.Max(n, k), n * k);
        return largest * sizeof(float) <= int.MaxValue
            && weight.is_contiguous()
            && (bias is null || bias.is_contiguous())
            && WideGemm.Suits(m, n, k);
    }

    private static bool IsFloat32OnCpu(Tensor tensor) =>
        tensor.dtype == ScalarType.Float32 && tensor.device_type == TorchSharp.DeviceType.CPU;

    private static unsafe Tensor OwnProduct(Tensor x, Tensor weight, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        var rows = x.contiguous();
        var result = empty([.. x.shape[..^1], weight.shape[0]], ScalarType.Float32);
        var (n, k) = ((int)weight.shape[0], (int)weight.shape[1]);
        fixed (
            byte* xData = rows.bytes,
                weightData = weight.bytes,
                biasData = bias is null ? default : bias.bytes,
                resultData = result.bytes
        )
            WideGemm.Multiply(
                (float*)xData,
                (float*)weightData,
                (float*)biasData,
                (float*)resultData,
                (int)(rows.numel() / k),
                n,
                k,
                get_num_threads()
            );
        return result.MoveToOuterDisposeScope();
    }
}

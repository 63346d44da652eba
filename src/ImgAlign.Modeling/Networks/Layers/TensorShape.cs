using System.Globalization;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>Checks of arguments.</summary>
internal static class TensorShape
{
    /// <summary>Refuses a tensor of another shape.</summary>
    /// <param name="tensor">The argument.</param>
    /// <param name="name">Its name.</param>
    /// <param name="shape">The size of each dimension; null for any.</param>
    /// <exception cref="ArgumentException">The tensor has another shape.</exception>
    public static void Require(Tensor tensor, string name, params long?[] shape)
    {
        var fits = tensor.dim() == shape.Length && tensor.shape.Zip(shape).All(pair => pair.Second is null || pair.Second == pair.First);
        if (!fits)
            throw new ArgumentException(
                $"{name} has shape [{string.Join(", ", tensor.shape)}], but "
                    + $"[{string.Join(", ", shape.Select(size => size?.ToString(CultureInfo.InvariantCulture) ?? "any"))}] is expected.",
                name
            );
    }
}

using ImgAlign.Networks.Layers;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Flux;

/// <summary>
/// Rotary position embedding on several axes (FLUX <c>EmbedND</c>): each axis has its own share of a head's width, in which the pair
/// <c>(x[2i], x[2i + 1])</c> turns by <c>position * theta^(-2i/d)</c>, d being the share.
/// </summary>
public static class AxialRope
{
    /// <summary>The rotation of each token as complex numbers of length 1.</summary>
    /// <param name="ids">Positions <c>[N, axes]</c> or <c>[B, N, axes]</c>.</param>
    /// <param name="widths">The share of each axis.</param>
    /// <param name="theta">The base.</param>
    /// <returns><c>[1 or B, N, 1, dh/2]</c>, complex64; computed in float64, as in the authors' code.</returns>
    public static Tensor Table(Tensor ids, IReadOnlyList<int> widths, double theta)
    {
        using var scope = NewDisposeScope();
        var positions = (ids.dim() == 2 ? ids.unsqueeze(0) : ids).to(float64);
        var angles = cat(
            [
                .. widths.Select(
                    (width, axis) =>
                    {
                        var exponents = TensorMath.Range(width, float64, ids.device, step: 2).DividedBy(width);
                        return positions.select(-1, axis).unsqueeze(-1) * exponents.Times(-Math.Log(theta)).exp(); // [B, N, width/2]
                    }
                ),
            ],
            -1
        );
        return complex(angles.cos().to(float32), angles.sin().to(float32)).unsqueeze(2).MoveToOuterDisposeScope();
    }

    /// <summary>Rotates queries or keys, in float32.</summary>
    /// <param name="x"><c>[B, N, H, dh]</c>.</param>
    /// <param name="table">For the N tokens.</param>
    /// <returns><c>[B, N, H, dh]</c>, of x's type.</returns>
    public static Tensor Rotate(Tensor x, Tensor table)
    {
        using var scope = NewDisposeScope();
        var pairs = x.to(float32).contiguous().view([.. x.shape[..^1], x.shape[^1] / 2, 2]).view_as_complex(); // [B, N, H, dh/2]
        return (pairs * table).view_as_real().flatten(-2).to(x.dtype).MoveToOuterDisposeScope();
    }
}

using ImgAlign.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Testing.Reference;

/// <summary>The colour world's aligner: each pass moves every token half of the way to the colour that the last hidden state asks
/// for.</summary>
/// <param name="runtime">Where to compute.</param>
public sealed class ColourAligner(DeviceRuntime runtime) : IImplicitAligner
{
    /// <inheritdoc/>
    public string Name => "Colour aligner";

    /// <inheritdoc/>
    public DeviceRuntime Runtime => runtime;

    /// <inheritdoc/>
    public int DetectorWidth => 6;

    /// <inheritdoc/>
    public int TokenWidth => 3;

    /// <inheritdoc/>
    public Tensor Align(Tensor h, Tensor z, int passes = 3)
    {
        using var scope = NewDisposeScope();
        var asked = h.narrow(1, h.shape[1] - 1, 1).narrow(2, 3, 3); // [B, 1, 3]
        var result = z.alias();
        for (var pass = 0; pass < passes; pass++)
            result = result.Plus((asked - result).Times(0.5));
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Owns nothing.</summary>
    public void Dispose() { }
}

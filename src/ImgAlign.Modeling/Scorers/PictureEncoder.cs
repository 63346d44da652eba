using ImgAlign.Networks.Clip;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Scorers;

/// <summary>Puts pictures into the space of a CLIP.</summary>
/// <param name="runtime">The device.</param>
/// <param name="parts">The image encoder.</param>
public sealed class PictureEncoder(DeviceRuntime runtime, PictureParts parts) : IDisposable
{
    private readonly ModelSlot<ClipVisionModel> slot = new(runtime, parts.Network);

    /// <summary>Where pictures are.</summary>
    /// <param name="images">B pictures of any sizes.</param>
    /// <returns>Unit vectors <c>[B, p]</c>, float32, on the device; disposed by the caller.</returns>
    /// <exception cref="ImgAlignException">They are not finite; the message names the weights at fault, if they are.</exception>
    public Tensor Encode(IReadOnlyList<RgbImage> images)
    {
        using var scope = NewDisposeScope();
        using var lease = slot.Use();
        var features = lease.Model.call(Preprocess(images).to(runtime.Device)).Pooled!.to(float32);
        FiniteNumbers.Require(features, "The picture's features", slot);
        return nn.functional.normalize(features, dim: -1).MoveToOuterDisposeScope();
    }

    /// <summary>What the network reads.</summary>
    /// <param name="images">B pictures of any sizes.</param>
    /// <returns><c>[B, 3, S, S]</c>, float32, on the CPU; disposed by the caller.</returns>
    public Tensor Preprocess(IReadOnlyList<RgbImage> images)
    {
        using var scope = NewDisposeScope();
        return cat([.. images.Select(parts.Preprocess)]).MoveToOuterDisposeScope();
    }

    /// <summary>What it needs to encode pictures at once.</summary>
    public StageFootprint Estimate(int batch) => slot.Footprint(parts.Config.EstimateActivations(parts.Config.Tokens) * batch);

    /// <summary>Frees the network.</summary>
    public void Dispose() => slot.Dispose();
}

using ImgAlign.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Vae;

/// <summary>
/// What stands between pictures <c>[B, 3, H, W]</c> in -1..1 and latents <c>[B, C, h, w]</c>. Latents here are its own: scale and shift are
/// those of its <see cref="AutoencoderConfig"/>.
/// </summary>
public abstract class Autoencoder : nn.Module
{
    private protected Autoencoder(string name)
        : base(name) { }

    /// <summary>How this network's parameters are named in a published file.</summary>
    /// <param name="checkpoint">The file; the layouts in use are recognised.</param>
    public abstract WeightMap Names(Checkpoint checkpoint);

    /// <summary>Turns latents into pictures.</summary>
    /// <param name="latents"><c>[B, C, h, w]</c>.</param>
    /// <returns><c>[B, 3, H, W]</c>, about -1..1, not clamped.</returns>
    /// <exception cref="InvalidOperationException">It was built without the decoder.</exception>
    public abstract Tensor Decode(Tensor latents);

    /// <summary>Turns pictures into that which <see cref="AutoencoderConfig.DrawLatents"/> makes latents of.</summary>
    /// <param name="pictures"><c>[B, 3, H, W]</c> in -1..1.</param>
    /// <returns><c>[B, k, h, w]</c>.</returns>
    /// <exception cref="InvalidOperationException">It was built without the encoder.</exception>
    public abstract Tensor EncodeMoments(Tensor pictures);
}

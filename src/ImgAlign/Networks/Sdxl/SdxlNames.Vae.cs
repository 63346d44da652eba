using ImgAlign.Checkpoints;
using ImgAlign.Networks.Vae;

namespace ImgAlign.Networks.Sdxl;

public static partial class SdxlNames
{
    /// <summary>The autoencoder in a single file: the decoder's blocks are counted from the other end, and attention is made of 1x1 convolutions.</summary>
    /// <param name="blocks">Blocks on each side.</param>
    public static WeightMap Vae(int blocks) => Behind(VaePrefix, name => AutoencoderNames.Original(name, blocks, VaePrefix));
}

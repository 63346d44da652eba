using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;

namespace ImgAlign.Networks.Sdxl;

public static partial class SdxlNames
{
    /// <summary>The second text encoder, which original files name as OpenCLIP does.</summary>
    /// <param name="encoder">The network.</param>
    /// <param name="part">Its tensors.</param>
    public static WeightMap TextEncoder2(ClipTextModel encoder, Checkpoint part) =>
        part.Tensors.ContainsKey(OpenClipNames.TextMark) ? OpenClipNames.Text(part) : encoder.Names(part);
}

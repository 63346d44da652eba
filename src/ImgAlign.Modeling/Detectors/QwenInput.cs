using ImgAlign.Imaging;
using static TorchSharp.torch;

namespace ImgAlign.Detectors;

/// <summary>What Qwen2.5-VL reads. Owns its tensors.</summary>
/// <param name="Ids">Token ids <c>[B, N]</c>, every position of an image counted; on the CPU, where they are read.</param>
/// <param name="Images">The images' patches on the model's device, or null where there is no image.</param>
public sealed record QwenInput(Tensor Ids, ImagePatches? Images) : IDisposable
{
    public void Dispose()
    {
        Ids.Dispose();
        Images?.Dispose();
    }
}

using ImgAlign.Imaging;
using static TorchSharp.torch;

namespace ImgAlign.Detectors;

/// <summary>What Qwen2.5-VL reads. Owns its tensors, which are on the CPU.</summary>
/// <param name="Ids">Token ids <c>[1, N]</c>, every position of an image counted.</param>
/// <param name="Images">The images' patches, or null where there is no image.</param>
internal sealed record QwenInput(Tensor Ids, ImagePatches? Images) : IDisposable
{
    public void Dispose()
    {
        Ids.Dispose();
        Images?.Dispose();
    }
}

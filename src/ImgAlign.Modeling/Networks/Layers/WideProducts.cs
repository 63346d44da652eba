using ImgAlign.Runtime;

namespace ImgAlign.Networks.Layers;

/// <summary>Where float32 products run on this library's own kernel instead of libtorch's.</summary>
public static class WideProducts
{
    /// <summary>Whether large ones do so on a device.</summary>
    /// <param name="device">The device; null: a thread that is none's, such as one that trains.</param>
    public static bool AreUsed(DeviceRuntime? device) =>
        WideGemm.IsFasterThanLibTorch && (device is null || device.Options.UseWideGemm && device.Device.type == TorchSharp.DeviceType.CPU);
}

using TorchSharp;

namespace ImgAlign.Tests;

/// <summary>Counts native tensors for leak tests.</summary>
internal static class LiveTensors
{
    /// <summary>The tensors alive in the process, after the collector has freed what earlier tests left to it.</summary>
    public static long Count()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return torch.Tensor.TotalCount;
    }
}

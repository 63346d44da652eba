using System.CommandLine;
using System.Globalization;
using ImgAlign.Runtime;
using TorchSharp;

namespace ImgAlign.Cli;

/// <summary>The option <c>--device</c>: <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
internal static class DeviceOption
{
    public static Option<string> Create() => new("--device")
    {
        Description = "Where to compute: cpu, cuda or cuda:N.",
        DefaultValueFactory = _ => "cpu",
    };

    /// <summary>The device, ready for comparisons in float32: without TF32.</summary>
    /// <exception cref="ImgAlignException">There is no such device here; nothing falls back to another one.</exception>
    public static torch.Device Open(string name)
    {
        LibTorchLoader.Load();
        if (name == "cpu") return torch.CPU;
        var index = name == "cuda" ? 0 : name.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(name[5..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
        if (index < 0) throw new ImgAlignException($"--device {name}: not a device; use cpu, cuda or cuda:N.");
        var count = torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        if (index >= count) throw new ImgAlignException($"--device {name}: {count} CUDA devices can be used here; imgalign doctor says why.");
        torch.backends.cuda.matmul.allow_tf32 = false;
        torch.backends.cudnn.allow_tf32 = false;
        return torch.device(DeviceType.CUDA, index);
    }
}

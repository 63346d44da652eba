using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using ImgAlign.Runtime;
using SkiaSharp;
using TorchSharp;

namespace ImgAlign.Cli.Checks;

/// <summary>Looks at what ImgAlign needs of the machine: native libraries, devices, memory. Every problem comes with its remedy.</summary>
internal static class Doctor
{
    /// <summary>Looks at everything. Never throws for what it finds.</summary>
    public static IReadOnlyList<DoctorCheck> Examine()
    {
        using var stack = SignalStack.Enlarge();
        var libtorch = Check(
            "libtorch",
            ExamineLibTorch,
            "Reference TorchSharp-cpu, TorchSharp-cuda-linux or TorchSharp-cuda-windows in the program, or let "
                + $"{LibTorchLoader.Variable} name the folder of a libtorch or PyTorch installation."
        );
        return
        [
            ExamineSystem(),
            ExamineProcessor(),
            ExamineSignalStack(),
            libtorch,
            .. libtorch.Verdict == DoctorVerdict.Problem ? [] : ExamineComputation(),
            Check("image files", ExamineSkia, "Reference SkiaSharp.NativeAssets.Linux.NoDependencies in the version of SkiaSharp."),
            ExamineHostMemory(),
        ];
    }

    private static DoctorCheck ExamineSystem()
    {
        var version = typeof(Doctor).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        return new(
            "system",
            DoctorVerdict.Fine,
            $"ImgAlign {version}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, "
                + $"{RuntimeInformation.ProcessArchitecture}."
        );
    }

    private static DoctorCheck ExamineProcessor()
    {
        var extensions = string.Join(", ", Processor.Extensions.DefaultIfEmpty("no extension that matters here"));
        return new("processor", DoctorVerdict.Fine, $"{Environment.ProcessorCount} processors of {Processor.Name}, with {extensions}.");
    }

    private static DoctorCheck ExamineSignalStack()
    {
        var cpu = Processor.HasAmx ? "The CPU has AMX" : "The CPU has no AMX";
        if (!OperatingSystem.IsLinux())
            return new("threads", DoctorVerdict.Fine, $"{cpu}; signals need no larger stack on this system.");
        var isProtected = SignalStack.CurrentBytes >= SignalStack.EnlargedBytes;
        var finding =
            $"{cpu}; threads {(isProtected ? "are" : "are not")} protected while they compute: "
            + $"{SignalStack.CurrentBytes / 1024} KB for signals.";
        return isProtected || !Processor.HasAmx
            ? new("threads", DoctorVerdict.Fine, finding)
            : new(
                "threads",
                DoctorVerdict.Problem,
                finding,
                "Set ONEDNN_MAX_CPU_ISA=AVX512_CORE_BF16, so that bfloat16 is computed without AMX."
            );
    }

    private static DoctorCheck ExamineLibTorch()
    {
        LibTorchLoader.Load();
        return new(
            "libtorch",
            DoctorVerdict.Fine,
            $"TorchSharp for libtorch {torch.__version__} runs on {string.Join(", ", LibTorchLoader.LoadedFiles())}."
        );
    }

    private static IEnumerable<DoctorCheck> ExamineComputation()
    {
        yield return Check(
            "computation",
            static () =>
            {
                using var scope = torch.NewDisposeScope();
                var sum = torch.ones(3, 3).mm(torch.ones(3, 3)).sum().item<float>();
                return sum == 27
                    ? new("computation", DoctorVerdict.Fine, $"A product of matrices is right; {torch.get_num_threads()} threads.")
                    : new(
                        "computation",
                        DoctorVerdict.Problem,
                        $"A product of matrices gives {sum} in place of 27.",
                        "Install another build of libtorch: this one does not fit the processor."
                    );
            },
            "Install another build of libtorch: this one does not fit the processor."
        );

        if (HasNvidiaDriver)
            yield return ExamineDriver();
        var gpus = torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        for (var i = 0; i < gpus; i++)
            yield return ExamineGpu(i);
        if (gpus > 0)
            yield break;
        yield return HasNvidiaDriver
            ? new(
                "GPU",
                DoctorVerdict.Warning,
                "This machine has an NVIDIA driver, but this libtorch sees no GPU.",
                $"Build the program with -p:TorchBackend=cuda, or let {LibTorchLoader.Variable} name a PyTorch installation "
                    + "with CUDA; `nvidia-smi` tells whether the driver works."
            )
            : new("GPU", DoctorVerdict.Fine, "There is no NVIDIA GPU; the device is cpu.");
    }

    // One line a GPU, as nvidia-smi numbers them, which need not be CUDA's order.
    private static DoctorCheck ExamineDriver()
    {
        const string subject = "driver";
        return Check(
            subject,
            () =>
            {
                var start = new ProcessStartInfo(
                    "nvidia-smi",
                    ["--query-gpu=index,name,driver_version,memory.total", "--format=csv,noheader"]
                )
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                };
                using var program = Process.Start(start)!;
                var text = program.StandardOutput.ReadToEnd();
                program.WaitForExit();
                var gpus = string.Join("; ", text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
                return program.ExitCode == 0
                    ? new(subject, DoctorVerdict.Fine, $"nvidia-smi lists (index, name, driver, memory): {gpus}.")
                    : new(
                        subject,
                        DoctorVerdict.Problem,
                        string.Create(CultureInfo.InvariantCulture, $"nvidia-smi ends with {program.ExitCode}: {gpus}"),
                        "Install NVIDIA's driver anew, or start the machine anew after an update of it."
                    );
            },
            "Install nvidia-smi, which belongs to NVIDIA's driver."
        );
    }

    private static DoctorCheck ExamineGpu(int index)
    {
        var name = $"cuda:{index}";
        return Check(
            name,
            () =>
            {
                using var scope = torch.NewDisposeScope();
                var device = new torch.Device(DeviceType.CUDA, index);
                var sum = torch.ones([3, 3], device: device).sum().cpu().item<float>();
                var memory = DeviceMemory.Query(device) is { } known
                    ? $"{MemoryEstimate.Text(known.FreeBytes)} of {MemoryEstimate.Text(known.TotalBytes)} are free"
                    : "the CUDA runtime does not tell its memory";
                return new(
                    name,
                    sum == 9 ? DoctorVerdict.Fine : DoctorVerdict.Problem,
                    $"It computes with {LoadedLibraries.Find("cudart") ?? "a CUDA runtime of its own"}; {memory}.",
                    sum == 9 ? null : "Update the GPU's driver."
                );
            },
            "Update the GPU's driver, or use the device cpu."
        );
    }

    private static DoctorCheck ExamineSkia()
    {
        using var bitmap = new SKBitmap(1, 1);
        using var png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return new(
            "image files",
            DoctorVerdict.Fine,
            $"SkiaSharp {typeof(SKBitmap).Assembly.GetName().Version} reads and writes pictures."
        );
    }

    private static DoctorCheck ExamineHostMemory()
    {
        const long comfortable = 16_000_000_000;
        var memory = DeviceMemory.Query(torch.CPU)!;
        var finding = $"{MemoryEstimate.Text(memory.FreeBytes)} of {MemoryEstimate.Text(memory.TotalBytes)} host memory are free.";
        return memory.FreeBytes >= comfortable
            ? new("memory", DoctorVerdict.Fine, finding)
            : new(
                "memory",
                DoctorVerdict.Warning,
                finding,
                "SDXL alone takes 14 GB in float32 on the CPU: use Precision BFloat16 and Residency LoadOnDemand."
            );
    }

    private static DoctorCheck Check(string subject, Func<DoctorCheck> examine, string remedy)
    {
        try
        {
            return examine();
        }
#pragma warning disable CA1031 // Whatever goes wrong is the finding.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            var message = exception.GetBaseException().Message;
            // TorchSharp puts its whole search behind the first line.
            var cause =
                message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault()
                ?? exception.GetType().Name;
            return new(
                subject,
                DoctorVerdict.Problem,
                cause,
                message.Contains("GLIBCXX", StringComparison.Ordinal)
                    ? "The C++ library of this system is older than TorchSharp's build asks for: build the program with the "
                        + "ImgAlign package, whose targets see to it, or install libstdc++ 13 or newer."
                    : remedy
            );
        }
    }

    private static bool HasNvidiaDriver =>
        OperatingSystem.IsWindows()
            ? File.Exists(Path.Combine(Environment.SystemDirectory, "nvcuda.dll"))
            : File.Exists("/proc/driver/nvidia/version");
}

using System.Runtime.InteropServices;
using TorchSharp;

namespace ImgAlign.Runtime;

/// <summary>
/// Chooses the native libtorch. In this order: the folder that the environment variable <c>IMGALIGN_LIBTORCH</c> names, such as a Python
/// installation of PyTorch with CUDA; a folder <c>libtorch</c> beside the program; what TorchSharp finds among the program's own files.
/// </summary>
public static class LibTorchLoader
{
    /// <summary>The environment variable that names a folder with libtorch.</summary>
    public const string Variable = "IMGALIGN_LIBTORCH";

    // In the order in which they need each other; those of CUDA are absent from a build for the CPU.
    private static readonly (string Name, bool Required)[] Libraries =
    [
        ("c10", true),
        ("torch_cpu", true),
        ("c10_cuda", false),
        ("torch_cuda", false),
        ("torch", true),
    ];

    private static readonly Lock Gate = new();
    private static bool loaded;

    /// <summary>
    /// Loads libtorch, from the chosen folder or as TorchSharp finds it, and silences its warnings. Later calls do nothing. Every
    /// <see cref="DeviceRuntime"/> calls it; a program that uses TorchSharp before calls it first.
    /// </summary>
    /// <exception cref="ImgAlignException">The folder holds no libtorch, it cannot be loaded, or the program brings another
    /// one.</exception>
    public static void Load()
    {
        lock (Gate)
        {
            if (loaded)
                return;
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
                LoadFrom(LibraryFolder(named));
            else if (Directory.Exists(OwnFolder))
                LoadFrom(OwnFolder);
            else
                torch.InitializeDeviceType(DeviceType.CPU);
            SilenceWarnings();
            loaded = true;
        }
    }

    /// <summary>The native libraries of libtorch and TorchSharp that this process has loaded, for diagnosis.</summary>
    public static IReadOnlyList<string> LoadedFiles()
    {
        var names = Libraries
            .Select(library => library.Name)
            .Append("LibTorchSharp")
            .Select(FileName)
            .ToHashSet(StringComparer.OrdinalIgnoreCase);
        return [.. LoadedLibraries.Files().Where(file => names.Contains(Path.GetFileName(file))).Distinct().Order(StringComparer.Ordinal)];
    }

    private static string OwnFolder => Path.Combine(AppContext.BaseDirectory, "libtorch");

    // PyTorch keeps them in torch/lib of its site-packages, an unpacked libtorch in lib.
    private static string LibraryFolder(string named)
    {
        foreach (var candidate in new[] { named, Path.Combine(named, "lib"), Path.Combine(named, "torch", "lib") })
        {
            if (File.Exists(Path.Combine(candidate, FileName("torch_cpu"))))
                return Path.GetFullPath(candidate);
        }
        throw new ImgAlignException(
            $"{Variable}={named}: there is no {FileName("torch_cpu")} in this folder, nor in lib or torch/lib below it; name "
                + "the folder of a libtorch 2.10 or a PyTorch installation."
        );
    }

    private static void LoadFrom(string folder)
    {
        // TorchSharp looks there by itself and would load a second copy with the same symbols, which ends the process.
        if (BesideTheProgram() is { } own)
            throw new ImgAlignException(
                $"This program brings its own libtorch ({own}), so that of {folder} cannot be loaded; build the program with "
                    + "-p:TorchBackend=none or without TorchSharp-cpu."
            );
        try
        {
            foreach (var (name, required) in Libraries)
            {
                var file = Path.Combine(folder, FileName(name));
                if (required || File.Exists(file))
                    NativeLibrary.Load(file);
            }
            // What it needs is found by name among the libraries loaded above.
            NativeLibrary.Load("LibTorchSharp", typeof(torch).Assembly, null);
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            throw new ImgAlignException(
                $"The libtorch of {folder} cannot be loaded: {exception.Message.ReplaceLineEndings(" ").Trim()}",
                exception
            );
        }
    }

    // On processors that one of its back ends does not know, libtorch warns at every convolution. Only its own variable brings that back.
    private static void SilenceWarnings()
    {
        const int error = 2;
        if (Environment.GetEnvironmentVariable("TORCH_CPP_LOG_LEVEL") is not null)
            return;
        if (
            NativeLibrary.TryLoad("c10", typeof(torch).Assembly, null, out var library)
            && NativeLibrary.TryGetExport(library, "FLAGS_caffe2_log_level", out var level)
        )
            Marshal.WriteInt32(level, error);
    }

    private static string? BesideTheProgram()
    {
        var folders = (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "").Split(
            Path.PathSeparator,
            StringSplitOptions.RemoveEmptyEntries
        );
        return folders.Select(folder => Path.Combine(folder, FileName("torch_cpu"))).FirstOrDefault(File.Exists);
    }

    private static string FileName(string library) =>
        OperatingSystem.IsWindows() ? $"{library}.dll"
        : OperatingSystem.IsMacOS() ? $"lib{library}.dylib"
        : $"lib{library}.so";
}

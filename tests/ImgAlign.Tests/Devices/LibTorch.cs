using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Devices;

/// <summary>libtorch's stable C interface (<c>torch/csrc/stable/c/shim.h</c>), as far as kernels need it.</summary>
internal static unsafe class LibTorch
{
    private static readonly nint Library = Load();
    private static readonly nint MetaLibrary = OpenMetaLibrary();

    /// <summary>Gives an operator a kernel for the meta device.</summary>
    /// <param name="name">The operator with its namespace, and with its overload if it has one.</param>
    /// <param name="kernel">A <c>void(uint64_t* stack, uint64_t arguments, uint64_t results)</c>, for as long as the process lives.</param>
    public static void RegisterForMeta(string name, nint kernel)
    {
        fixed (byte* text = Text(name)) Check(((delegate* unmanaged<nint, byte*, nint, int>)Export("aoti_torch_library_impl"))(MetaLibrary, text, kernel));
    }

    /// <summary>A handle that owns its share of a tensor.</summary>
    public static nint Share(Tensor tensor)
    {
        nint handle;
        Check(((delegate* unmanaged<nint, nint*, int>)Export("aoti_torch_new_tensor_handle"))(tensor.Handle, &handle));
        return handle;
    }

    /// <summary>Whether a handle is of a tensor; libtorch hands over undefined ones, too, in place of none.</summary>
    public static bool IsDefined(ulong tensor)
    {
        byte isDefined;
        Check(((delegate* unmanaged<ulong, byte*, int>)Export("aoti_torch_is_defined"))(tensor, &isDefined));
        return isDefined != 0;
    }

    /// <summary>The elements of a list, which is freed.</summary>
    public static ulong[] TakeList(ulong list)
    {
        nuint count;
        Check(((delegate* unmanaged<ulong, nuint*, int>)Export("torch_list_size"))(list, &count));
        var elements = new ulong[count];
        fixed (ulong* element = elements)
        {
            for (nuint i = 0; i < count; i++) Check(((delegate* unmanaged<ulong, nuint, ulong*, int>)Export("torch_list_get_item"))(list, i, element + i));
        }
        Check(((delegate* unmanaged<ulong, int>)Export("torch_delete_list"))(list));
        return elements;
    }

    private static nint OpenMetaLibrary()
    {
        nint library;
        fixed (byte* space = Text("aten"), key = Text("Meta"), file = Text(nameof(LibTorch)))
            Check(((delegate* unmanaged<byte*, byte*, byte*, uint, nint*, int>)Export("aoti_torch_library_init_impl"))(space, key, file, 0, &library));
        return library;
    }

    private static nint Load()
    {
        InitializeDeviceType(DeviceType.CPU);
        using var process = Process.GetCurrentProcess();
        return NativeLibrary.Load(process.Modules.Cast<ProcessModule>().Select(module => module.FileName).First(file => Path.GetFileName(file).Contains("torch_cpu", StringComparison.Ordinal)));
    }

    private static byte[] Text(string text) => Encoding.ASCII.GetBytes(text + '\0');

    private static nint Export(string name) => NativeLibrary.GetExport(Library, name);

    private static void Check(int code)
    {
        if (code != 0) throw new InvalidOperationException("libtorch refused a call of its stable interface; its message is on standard error.");
    }
}

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
    private static readonly delegate* unmanaged<nint, byte*, nint, int> Implement = (delegate* unmanaged<nint, byte*, nint, int>)Find(
        "aoti_torch_library_impl"
    );
    private static readonly delegate* unmanaged<nint, nint*, int> NewHandle = (delegate* unmanaged<nint, nint*, int>)Find(
        "aoti_torch_new_tensor_handle"
    );
    private static readonly delegate* unmanaged<ulong, byte*, int> AskDefined = (delegate* unmanaged<ulong, byte*, int>)Find(
        "aoti_torch_is_defined"
    );
    private static readonly delegate* unmanaged<ulong, nuint*, int> ListSize = (delegate* unmanaged<ulong, nuint*, int>)Find(
        "torch_list_size"
    );
    private static readonly delegate* unmanaged<ulong, nuint, ulong*, int> ListItem = (delegate* unmanaged<ulong, nuint, ulong*, int>)Find(
        "torch_list_get_item"
    );
    private static readonly delegate* unmanaged<ulong, int> DeleteList = (delegate* unmanaged<ulong, int>)Find("torch_delete_list");
    private static readonly nint MetaKernels = OpenMetaKernels();

    /// <summary>Gives an operator a kernel for the meta device.</summary>
    /// <param name="name">The operator with its namespace, and with its overload if it has one.</param>
    /// <param name="kernel">A <c>void(uint64_t* stack, uint64_t arguments, uint64_t results)</c>, for as long as the process lives.</param>
    public static void RegisterForMeta(string name, nint kernel)
    {
        fixed (byte* text = Text(name))
            Check(Implement(MetaKernels, text, kernel));
    }

    /// <summary>A handle that owns its share of a tensor.</summary>
    public static nint Share(Tensor tensor)
    {
        nint handle;
        Check(NewHandle(tensor.Handle, &handle));
        return handle;
    }

    /// <summary>Whether a handle is of a tensor; libtorch hands over undefined ones, too, in place of none.</summary>
    public static bool IsDefined(ulong tensor)
    {
        byte isDefined;
        Check(AskDefined(tensor, &isDefined));
        return isDefined != 0;
    }

    /// <summary>The elements of a list, which is freed.</summary>
    public static ulong[] TakeList(ulong list)
    {
        nuint count;
        Check(ListSize(list, &count));
        var elements = new ulong[count];
        fixed (ulong* element = elements)
        {
            for (nuint i = 0; i < count; i++)
                Check(ListItem(list, i, element + i));
        }
        Check(DeleteList(list));
        return elements;
    }

    private static nint OpenMetaKernels()
    {
        var open = (delegate* unmanaged<byte*, byte*, byte*, uint, nint*, int>)Find("aoti_torch_library_init_impl");
        nint library;
        fixed (
            byte* space = Text("aten"),
                key = Text("Meta"),
                file = Text(nameof(LibTorch))
        )
            Check(open(space, key, file, 0, &library));
        return library;
    }

    private static nint Load()
    {
        InitializeDeviceType(DeviceType.CPU);
        using var process = Process.GetCurrentProcess();
        var files = process.Modules.Cast<ProcessModule>().Select(static module => module.FileName);
        return NativeLibrary.Load(files.First(static file => Path.GetFileName(file).Contains("torch_cpu", StringComparison.Ordinal)));
    }

    private static nint Find(string name) => NativeLibrary.GetExport(Library, name);

    private static byte[] Text(string text) => Encoding.ASCII.GetBytes(text + '\0');

    private static void Check(int code)
    {
        if (code != 0)
            throw new InvalidOperationException("libtorch refused a call; its message is on standard error.");
    }
}

using System.Runtime.InteropServices;
using System.Text;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Training.Native;

/// <summary>
/// The C interface that libtorch keeps stable for extensions, for what TorchSharp does not offer. Every value on the stack of a call is 64
/// bits wide; tensors and lists on it are consumed by the call.
/// </summary>
internal sealed unsafe class LibTorchInterface
{
    private static readonly Lazy<LibTorchInterface?> Loaded = new(Load);

    private delegate* unmanaged<byte*, byte*, ulong*, int> callDispatcher;
    private delegate* unmanaged<nint, nint*, int> newTensorHandle;
    private delegate* unmanaged<nint, int> deleteTensorHandle;
    private delegate* unmanaged<nint, void**, int> getDataPointer;
    private delegate* unmanaged<nuint, nint*, int> newList;
    private delegate* unmanaged<nint, ulong, int> pushBack;
    private delegate* unmanaged<nint, int> deleteList;

    private LibTorchInterface() { }

    /// <summary>The interface of the libtorch that the process has loaded, wherever it came from; null where it lacks a function. 2.10 has
    /// all.</summary>
    public static LibTorchInterface? Find() => Loaded.Value;

    /// <summary>The same, where nothing else will do.</summary>
    /// <exception cref="ImgAlignException">The libtorch of this process lacks a function.</exception>
    public static LibTorchInterface Require() =>
        Find()
        ?? throw new ImgAlignException("This libtorch has no stable interface for extensions, which is needed here; use libtorch 2.10.");

    /// <summary>How often a tensor's memory, that of its views included, has been changed in place. May be asked from any thread.</summary>
    public long Version(Tensor tensor)
    {
        var stack = stackalloc ulong[] { NewHandle(tensor) };
        Call("aten::_version", stack);
        return (long)stack[0];
    }

    /// <summary>Where a tensor's first element is, on its device.</summary>
    public nint DataPointer(Tensor tensor)
    {
        void* pointer;
        Check(getDataPointer(tensor.Handle, &pointer));
        return (nint)pointer;
    }

    /// <summary>Lists for the stack of a call, which frees them. None is left where one cannot be made.</summary>
    public ulong[] Lists(IReadOnlyList<IReadOnlyList<Tensor>> contents)
    {
        var lists = new List<nint>();
        try
        {
            foreach (var tensors in contents)
            {
                nint list;
                Check(newList((nuint)tensors.Count, &list));
                lists.Add(list);
                foreach (var tensor in tensors)
                    Append(list, tensor);
            }
            return [.. lists.Select(static list => (ulong)list)];
        }
        catch
        {
            foreach (var list in lists)
                _ = deleteList(list);
            throw;
        }
    }

    /// <summary>Calls an operator; its results take the place of its arguments.</summary>
    public void Call(string name, ulong* stack)
    {
        fixed (
            byte* nameBytes = Encoding.ASCII.GetBytes(name + '\0'),
                overload = "\0"u8
        )
            Check(callDispatcher(nameBytes, overload, stack));
    }

    private static LibTorchInterface? Load()
    {
        LibTorchLoader.Load(); // the chosen one, where nothing has needed it yet
        var file =
            LoadedLibraries.Find("torch_cpu")
            ?? throw new ImgAlignException("Training cannot find libtorch_cpu among the libraries of this process; run `imgalign doctor`.");
        var library = NativeLibrary.Load(file);
        string[] names =
        [
            "aoti_torch_call_dispatcher",
            "aoti_torch_new_tensor_handle",
            "aoti_torch_delete_tensor_object",
            "aoti_torch_get_data_ptr",
            "torch_new_list_reserve_size",
            "torch_list_push_back",
            "torch_delete_list",
        ];
        var exports = names.Select(name => NativeLibrary.TryGetExport(library, name, out var address) ? address : 0).ToArray();
        return exports.Contains(0)
            ? null
            : new LibTorchInterface
            {
                callDispatcher = (delegate* unmanaged<byte*, byte*, ulong*, int>)exports[0],
                newTensorHandle = (delegate* unmanaged<nint, nint*, int>)exports[1],
                deleteTensorHandle = (delegate* unmanaged<nint, int>)exports[2],
                getDataPointer = (delegate* unmanaged<nint, void**, int>)exports[3],
                newList = (delegate* unmanaged<nuint, nint*, int>)exports[4],
                pushBack = (delegate* unmanaged<nint, ulong, int>)exports[5],
                deleteList = (delegate* unmanaged<nint, int>)exports[6],
            };
    }

    // A list owns what it has taken.
    private void Append(nint list, Tensor tensor)
    {
        var handle = NewHandle(tensor);
        var code = pushBack(list, handle);
        if (code != 0)
            _ = deleteTensorHandle((nint)handle);
        Check(code);
    }

    private ulong NewHandle(Tensor tensor)
    {
        nint handle;
        Check(newTensorHandle(tensor.Handle, &handle));
        return (ulong)handle;
    }

    // What went wrong is printed by libtorch itself.
    private static void Check(int code)
    {
        if (code != 0)
            throw new InvalidOperationException("libtorch refused a call of training; its message is on standard error.");
    }
}

using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Devices;

/// <summary>
/// The arguments of an operator, as libtorch's stable C interface hands them over. Their tensors belong to the dispose scope in which they
/// are asked for.
/// </summary>
/// <param name="name">The operator.</param>
/// <param name="stack">Its arguments in the order of its schema, 64 bits each.</param>
internal sealed unsafe class MetaArguments(string name, ulong* stack)
{
    private readonly Dictionary<int, Tensor[]> taken = []; // each is handed over once
    private readonly List<string> notes = [];

    /// <summary>What is wrong with them.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>Notes what is wrong.</summary>
    public void Note(string what) => notes.Add($"{name} {what}");

    /// <summary>A tensor.</summary>
    public Tensor Tensor(int index) => Take(index, static argument => [argument])[0];

    /// <summary>A tensor or null.</summary>
    public Tensor? Optional(int index) =>
        Take(
                index,
                static argument =>
                {
                    if (argument == 0)
                        return [];
                    var tensor = *(ulong*)argument;
                    return LibTorch.IsDefined(tensor) ? [tensor] : [];
                }
            )
            .SingleOrDefault();

    /// <summary>A list of tensors.</summary>
    public Tensor[] Tensors(int index) => Take(index, LibTorch.TakeList);

    /// <summary>A whole number.</summary>
    public long Number(int index) => (long)stack[index];

    /// <summary>A list of whole numbers.</summary>
    public long[] Numbers(int index) => [.. LibTorch.TakeList(stack[index]).Select(static number => (long)number)];

    /// <summary>Notes tensors that are not on the device of the first one, which it gives back.</summary>
    public Tensor SameDevice(params Tensor?[] tensors)
    {
        var devices = tensors.OfType<Tensor>().Select(static tensor => tensor.device.ToString()).Distinct().ToList();
        if (devices.Count > 1)
            Note($"got tensors on {string.Join(" and ", devices)}");
        return tensors[0]!;
    }

    /// <summary>Notes tensors that are not on the device of the first one, which it gives back, or not of its type.</summary>
    public Tensor SameType(params Tensor?[] tensors)
    {
        var types = tensors.OfType<Tensor>().Select(static tensor => tensor.dtype).Distinct().ToList();
        if (types.Count > 1)
            Note($"got tensors of the types {string.Join(" and ", types)}");
        return SameDevice(tensors);
    }

    private Tensor[] Take(int index, Func<ulong, ulong[]> handles)
    {
        if (!taken.TryGetValue(index, out var tensors))
            taken.Add(index, tensors = [.. handles(stack[index]).Select(static handle => torch.Tensor.UnsafeCreateTensor((nint)handle))]);
        return tensors;
    }
}

namespace ImgAlign.Checkpoints;

/// <summary>
/// All that a pickle of weights may name. A name is looked up here and nowhere else: it never becomes a type, and calling it runs only what
/// stands below.
/// </summary>
internal abstract record PickleGlobal
{
    /// <summary>A storage's class: the type of its elements.</summary>
    public sealed record StorageClass(ElementType Type) : PickleGlobal;

    /// <summary>A <c>torch.dtype</c>.</summary>
    public sealed record DataType(ElementType Type) : PickleGlobal;

    /// <summary>A function or class that makes one of our values from its arguments.</summary>
    public sealed record Callable(Func<object?[], object?> Call) : PickleGlobal;

    private static readonly Dictionary<string, PickleGlobal> Allowed = new()
    {
        ["collections.OrderedDict"] = new Callable(OrderedDictionary),
        ["torch.Size"] = new Callable(static arguments => arguments is [object?[] sizes] ? sizes : throw Unexpected("torch.Size")),
        ["torch.device"] = new Callable(static _ => null),
        ["torch.storage.UntypedStorage"] = new StorageClass(ElementType.FromName("U8")!),
        ["torch._utils._rebuild_tensor"] = new Callable(Tensor),
        ["torch._utils._rebuild_tensor_v2"] = new Callable(Tensor),
        ["torch._utils._rebuild_tensor_v3"] = new Callable(TypedTensor),
        ["torch._utils._rebuild_parameter"] = new Callable(static arguments =>
            arguments is [PickleTensor tensor, ..] ? tensor : throw Unexpected("_rebuild_parameter")
        ),
    };

    /// <summary>What a name stands for.</summary>
    /// <exception cref="PickleException">It is not on the list.</exception>
    public static PickleGlobal Find(string module, string name)
    {
        if (Allowed.TryGetValue($"{module}.{name}", out var allowed))
            return allowed;
        if (module == "torch" && ElementType.FromStorage(name) is { } stored)
            return new StorageClass(stored);
        if (module == "torch" && ElementType.FromTorch(name) is { } type)
            return new DataType(type);
        throw new PickleException(
            $"it asks for '{module}.{name}', which weights do not need; nothing was executed. Convert the file to safetensors "
                + "if you trust it."
        );
    }

    // Python 3 makes it empty and then sets items; Python 2 passes a list of pairs.
    private static PickleDictionary OrderedDictionary(object?[] arguments)
    {
        var result = new PickleDictionary();
        if (arguments is [List<object?> pairs])
        {
            foreach (var pair in pairs)
            {
                if (pair is List<object?> and [var key, var value])
                    result.Items.Add(new(key, value));
                else
                    throw Unexpected("OrderedDict");
            }
        }
        else if (arguments is not [])
            throw Unexpected("OrderedDict");
        return result;
    }

    // storage, offset, size, stride[, requires_grad, hooks[, metadata of conjugate and negative views]]
    private static PickleTensor Tensor(object?[] arguments) =>
        arguments switch
        {
            [_, _, _, _, _, _, not (null or PickleDictionary { Items.Count: 0 }), ..] => throw new PickleException(
                "it holds a conjugate or negative view, which is not supported."
            ),
            [PickleStorage storage, long offset, object?[] shape, object?[] strides, ..] => View(
                storage,
                storage.Type,
                offset,
                shape,
                strides
            ),
            _ => throw Unexpected("_rebuild_tensor"),
        };

    // storage, offset, size, stride, requires_grad, hooks, dtype[, metadata]
    private static PickleTensor TypedTensor(object?[] arguments) =>
        arguments is [PickleStorage storage, long offset, object?[] shape, object?[] strides, _, _, DataType type, ..]
            ? View(storage, type.Type, offset, shape, strides)
            : throw Unexpected("_rebuild_tensor_v3");

    private static PickleTensor View(PickleStorage storage, ElementType type, long offset, object?[] sizes, object?[] steps)
    {
        var shape = Integers(sizes);
        var strides = Integers(steps);
        if (shape.Length != strides.Length)
            throw new PickleException($"a tensor has {shape.Length} sizes but {strides.Length} strides.");
        if (offset < 0)
            throw new PickleException($"a tensor begins at element {offset} of its storage.");
        if (TensorExtent.Bytes(shape, type) is null || TensorExtent.Elements(shape, strides) is not { } extent)
            throw new PickleException($"a tensor of shape {TensorInfo.FormatShape(shape)} is too large.");
        var available = storage.Count * storage.Type.Bytes / type.Bytes;
        if (extent > 0 && offset > available - extent)
            throw new PickleException(
                $"a tensor of shape {TensorInfo.FormatShape(shape)} at element {offset} does not lie within its storage of "
                    + $"{available} elements."
            );
        return new PickleTensor(storage, type, offset, extent, shape, strides);
    }

    private static long[] Integers(object?[] values)
    {
        if (values.Length > 64)
            throw new PickleException($"a tensor has {values.Length} dimensions.");
        return
        [
            .. values.Select(value =>
                value is long number and >= 0 ? number : throw new PickleException($"a tensor has the size or stride {value ?? "None"}.")
            ),
        ];
    }

    private static PickleException Unexpected(string name) => new($"it calls {name} with arguments that PyTorch does not write.");
}

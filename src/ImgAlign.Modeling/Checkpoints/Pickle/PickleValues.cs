namespace ImgAlign.Checkpoints;

/// <summary>A <c>dict</c> or <c>OrderedDict</c>: its items in order; a later one replaces an earlier one with the same key.</summary>
internal sealed class PickleDictionary
{
    public List<KeyValuePair<object?, object?>> Items { get; } = [];
}

/// <summary>A storage that tensors are views of.</summary>
/// <param name="Type">The elements' type; bytes for an untyped storage.</param>
/// <param name="Key">Its name in the file.</param>
/// <param name="Count">Elements.</param>
internal sealed record PickleStorage(ElementType Type, string Key, long Count);

/// <summary>A view of a storage, checked to lie within it.</summary>
/// <param name="Storage">The storage.</param>
/// <param name="Type">The elements' type.</param>
/// <param name="Offset">Elements before the first one.</param>
/// <param name="Extent">Elements from the first to the last one, including both.</param>
/// <param name="Shape">The shape.</param>
/// <param name="Strides">The strides in elements; 0 repeats.</param>
internal sealed record PickleTensor(PickleStorage Storage, ElementType Type, long Offset, long Extent, long[] Shape, long[] Strides);

/// <summary>A pickle that holds something else than weights, or is broken. Caught where the file is known.</summary>
internal sealed class PickleException(string message) : FormatException(message);

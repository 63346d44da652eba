using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace ImgAlign.Checkpoints;

/// <summary>What the two formats of <c>torch.save</c> have in common: an object, and the places of the storages that it refers
/// to.</summary>
/// <param name="Root">The object.</param>
/// <param name="Storages">Bytes from the start of the file to each storage's first element, by the storage's key.</param>
internal sealed record PickleContainer(object? Root, IReadOnlyDictionary<string, long> Storages)
{
    private static readonly BigInteger LegacyMagic = BigInteger.Parse(
        "1950a86a20f9469cfc6c",
        NumberStyles.HexNumber,
        CultureInfo.InvariantCulture
    );
    private const long LegacyProtocol = 1001;

    /// <summary>Reads the zip format: <c>top/data.pkl</c> and <c>top/data/key</c>, with any name for the top folder.</summary>
    /// <exception cref="FormatException">The archive is broken, or not of this form.</exception>
    public static PickleContainer ReadZip(FileStream file)
    {
        var records = ZipDirectory.Read(file);
        if (records.Keys.Where(name => name.EndsWith("/data.pkl", StringComparison.Ordinal)).ToList() is not [var pickle])
            throw new PickleException("the zip archive has no data.pkl, or several.");
        var top = pickle[..^"data.pkl".Length];
        if (records.TryGetValue(top + "byteorder", out var order) && ReadText(file, order) != "little")
            throw new PickleException("its numbers are not little-endian.");

        file.Position = ZipDirectory.DataOffset(file, records[pickle]);
        var (root, storages) = PickleMachine.Run(file, records[pickle].Length);
        return new PickleContainer(root, storages.Values.ToDictionary(storage => storage.Key, Locate));

        long Locate(PickleStorage storage)
        {
            if (!records.TryGetValue($"{top}data/{storage.Key}", out var record))
                throw new PickleException($"the zip archive has no record for storage '{storage.Key}'.");
            if (record.Length != storage.Count * storage.Type.Bytes)
                throw new PickleException(
                    $"storage '{storage.Key}' has {record.Length} bytes, not {storage.Count} elements of {storage.Type.Bytes}."
                );
            return ZipDirectory.DataOffset(file, record);
        }
    }

    /// <summary>
    /// Reads the legacy format: pickles of magic number, protocol, system information, object and storage keys; then for each key the count
    /// and the elements.
    /// </summary>
    /// <exception cref="FormatException">The file is broken, or not of this form.</exception>
    public static PickleContainer ReadLegacy(FileStream file)
    {
        if (Next().Value is not BigInteger magic || magic != LegacyMagic)
            throw new PickleException("it does not begin with PyTorch's magic number.");
        if (Next().Value is not LegacyProtocol)
            throw new PickleException($"it is not of protocol {LegacyProtocol}.");
        if (Next().Value is not PickleDictionary system || system.Items.Contains(new("little_endian", false)))
            throw new PickleException("its numbers are not little-endian.");
        var (root, storages) = Next();
        if (Next().Value is not List<object?> keys)
            throw new PickleException("it has no list of storages.");
        return new PickleContainer(root, LocateStorages(file, storages, keys));

        (object? Value, IReadOnlyDictionary<string, PickleStorage> Storages) Next() => PickleMachine.Run(file, file.Length - file.Position);
    }

    private static Dictionary<string, long> LocateStorages(
        FileStream file,
        IReadOnlyDictionary<string, PickleStorage> storages,
        List<object?> keys
    )
    {
        var offsets = new Dictionary<string, long>();
        Span<byte> count = stackalloc byte[8];
        foreach (var key in keys)
        {
            if (key is not string name || !storages.TryGetValue(name, out var storage))
                throw new PickleException($"it lists storage '{key}', which no tensor uses.");
            if (file.ReadAtLeast(count, 8, throwOnEndOfStream: false) < 8)
                throw new PickleException("its storages end in the middle.");
            if (BinaryPrimitives.ReadInt64LittleEndian(count) != storage.Count)
                throw new PickleException($"storage '{name}' does not have the {storage.Count} elements that tensors expect.");
            var bytes = storage.Count * storage.Type.Bytes;
            if (bytes > file.Length - file.Position)
                throw new PickleException("its storages end in the middle; it was probably not downloaded completely.");
            if (!offsets.TryAdd(name, file.Position))
                throw new PickleException($"it lists storage '{name}' twice.");
            file.Position += bytes;
        }
        return storages.Keys.FirstOrDefault(key => !offsets.ContainsKey(key)) is { } missing
            ? throw new PickleException($"storage '{missing}' is not in the file.")
            : offsets;
    }

    private static string ReadText(FileStream file, ZipDirectory.Entry record)
    {
        Span<byte> text = stackalloc byte[(int)Math.Min(record.Length, 16)];
        file.Position = ZipDirectory.DataOffset(file, record);
        file.ReadExactly(text);
        return Encoding.UTF8.GetString(text).Trim();
    }
}

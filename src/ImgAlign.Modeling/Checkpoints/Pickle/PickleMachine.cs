using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace ImgAlign.Checkpoints;

/// <summary>
/// Runs a pickle of protocol 2, as far as PyTorch's weights need it. It has no opcode that looks up or calls anything but
/// <see cref="PickleGlobal"/>, does not recurse, and its memory is bounded by <see cref="MostOpcodes"/> and the length of the pickle.
/// </summary>
internal sealed class PickleMachine
{
    private const int MostOpcodes = 500_000;
    private const int MostBytes = 1 << 24;
    private const int LongestName = 256;

    private readonly Stream input;
    private long remaining;
    private readonly List<object?> stack = [];
    private readonly Stack<int> marks = [];
    private readonly Dictionary<uint, object?> memo = [];
    private readonly Dictionary<string, PickleStorage> storages = [];

    private PickleMachine(Stream input, long length)
    {
        this.input = input;
        remaining = Math.Min(length, MostBytes);
    }

    /// <summary>Runs one pickle, from its protocol number to its end.</summary>
    /// <param name="input">Where it begins; afterwards, where it ended. Should be buffered.</param>
    /// <param name="length">The most bytes that it may have; the input has as many.</param>
    /// <returns>
    /// The object, and the storages that it refers to by their keys. An object is null, bool, long, <see cref="BigInteger"/>, double,
    /// string, a list, an array (a tuple), <see cref="PickleDictionary"/>, <see cref="PickleTensor"/>, <see cref="PickleStorage"/> or
    /// <see cref="PickleGlobal"/>.
    /// </returns>
    /// <exception cref="PickleException">It is broken, or does something that weights do not need.</exception>
    public static (object? Value, IReadOnlyDictionary<string, PickleStorage> Storages) Run(Stream input, long length)
    {
        var machine = new PickleMachine(input, length);
        return (machine.Run(), machine.storages);
    }

    private object? Run()
    {
        if (ReadByte() != 0x80 || ReadByte() != 2)
            throw new PickleException("it is not a pickle of protocol 2, which torch.save writes.");
        for (var count = 0; count < MostOpcodes; count++)
        {
            var opcode = ReadByte();
            if (opcode == '.')
                return Pop();
            Execute(opcode);
        }
        throw new PickleException($"it has more than {MostOpcodes} steps, more than weights need.");
    }

    private void Execute(byte opcode)
    {
        switch ((char)opcode)
        {
            case 'N':
                Push(null);
                break;
            case '\x88':
                Push(true);
                break;
            case '\x89':
                Push(false);
                break;
            case 'J':
                Push((long)BinaryPrimitives.ReadInt32LittleEndian(ReadBytes(4)));
                break;
            case 'K':
                Push((long)ReadByte());
                break;
            case 'M':
                Push((long)BinaryPrimitives.ReadUInt16LittleEndian(ReadBytes(2)));
                break;
            case '\x8a':
                PushLong(ReadByte());
                break;
            case 'G':
                Push(BinaryPrimitives.ReadDoubleBigEndian(ReadBytes(8)));
                break;
            case 'X':
                Push(ReadText(BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(4))));
                break;
            case 'T':
                Push(ReadText(BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(4))));
                break; // str of Python 2
            case 'U':
                Push(ReadText(ReadByte()));
                break;

            case '(':
                marks.Push(stack.Count);
                break;
            case ')':
                Push(Array.Empty<object?>());
                break;
            case ']':
                Push(new List<object?>());
                break;
            case '}':
                Push(new PickleDictionary());
                break;
            case 't':
                Push(PopToMark());
                break;
            case '\x85':
                Push(Pop(1));
                break;
            case '\x86':
                Push(Pop(2));
                break;
            case '\x87':
                Push(Pop(3));
                break;
            case 'a':
                Append(Pop(1));
                break;
            case 'e':
                Append(PopToMark());
                break;
            case 's':
                SetItems(Pop(2));
                break;
            case 'u':
                SetItems(PopToMark());
                break;

            case 'q':
                memo[ReadByte()] = Peek();
                break;
            case 'r':
                memo[BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(4))] = Peek();
                break;
            case 'h':
                Push(Recall(ReadByte()));
                break;
            case 'j':
                Push(Recall(BinaryPrimitives.ReadUInt32LittleEndian(ReadBytes(4))));
                break;

            case 'c':
                Push(PickleGlobal.Find(ReadLine(), ReadLine()));
                break;
            case 'R':
                Reduce();
                break;
            case 'b':
                Build();
                break;
            case 'Q':
                Push(Storage(Pop()));
                break;
            default:
                throw new PickleException($"it has the opcode 0x{opcode:x2}, which weights do not need.");
        }
    }

    private void Reduce()
    {
        if (Pop(2) is not [PickleGlobal.Callable function, object?[] arguments])
            throw new PickleException("it calls something that is not a function.");
        Push(function.Call(arguments));
    }

    // state_dict() carries an attribute _metadata: attributes are read and left out.
    private void Build()
    {
        Pop();
        if (Peek() is not (PickleDictionary or PickleTensor))
            throw new PickleException("it sets attributes of something that has none.");
    }

    private void Append(object?[] values)
    {
        if (Peek() is not List<object?> list)
            throw new PickleException("it appends to something that is not a list.");
        list.AddRange(values);
    }

    private void SetItems(object?[] items)
    {
        if (Peek() is not PickleDictionary dictionary || items.Length % 2 != 0)
            throw new PickleException("it sets items of something that is not a dictionary.");
        for (var i = 0; i < items.Length; i += 2)
            dictionary.Items.Add(new(items[i], items[i + 1]));
    }

    // ('storage', class, key, device, count), and in the legacy format a sixth part, which is None in all that was written since 2017.
    private PickleStorage Storage(object? id)
    {
        if (
            id is not object?[] parts
            || parts is not ["storage", PickleGlobal.StorageClass type, string key, _, long count, .. ([] or [null])]
            || count < 0
            || count > long.MaxValue / type.Type.Bytes
        )
            throw new PickleException("it refers to something that is not a storage of a supported type and size.");
        var storage = new PickleStorage(type.Type, key, count);
        if (!storages.TryAdd(key, storage) && storages[key] != storage)
            throw new PickleException($"it refers to storage '{key}' in two ways.");
        return storages[key];
    }

    private void Push(object? value) => stack.Add(value);

    private object? Pop() => Pop(1)[0];

    private object?[] Pop(int count)
    {
        if (stack.Count - count < Floor)
            throw new PickleException("it takes more from its stack than is there.");
        var values = stack.GetRange(stack.Count - count, count).ToArray();
        stack.RemoveRange(stack.Count - count, count);
        return values;
    }

    private object?[] PopToMark()
    {
        if (marks.Count == 0)
            throw new PickleException("it looks for a mark that is not there.");
        var values = Pop(stack.Count - Floor);
        marks.Pop();
        return values;
    }

    private object? Peek() => stack.Count > Floor ? stack[^1] : throw new PickleException("it takes more from its stack than is there.");

    private int Floor => marks.Count == 0 ? 0 : marks.Peek();

    private object? Recall(uint index) =>
        memo.TryGetValue(index, out var value) ? value : throw new PickleException($"it recalls entry {index}, which was never stored.");

    private void PushLong(int length)
    {
        var value = new BigInteger(ReadBytes(length));
        if (value >= long.MinValue && value <= long.MaxValue)
            Push((long)value);
        else
            Push(value);
    }

    private string ReadText(uint length)
    {
        try
        {
            return StrictUtf8.GetString(ReadBytes(length));
        }
        catch (DecoderFallbackException)
        {
            throw new PickleException("it holds a text that is not UTF-8.");
        }
    }

    private string ReadLine()
    {
        var line = new StringBuilder();
        for (var value = ReadByte(); value != '\n'; value = ReadByte())
        {
            if (line.Length == LongestName || value is < 0x20 or > 0x7e)
                throw new PickleException("it asks for a name that no module has.");
            line.Append((char)value);
        }
        return line.ToString();
    }

    private byte ReadByte()
    {
        if (remaining-- <= 0 || input.ReadByte() is not (>= 0 and var value))
            throw new PickleException("it ends in the middle, or is too long.");
        return (byte)value;
    }

    private byte[] ReadBytes(long length)
    {
        if (length > remaining)
            throw new PickleException("it ends in the middle, or is too long.");
        remaining -= length;
        var bytes = new byte[length];
        input.ReadExactly(bytes);
        return bytes;
    }

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}

using System.Text.Json;

namespace ImgAlign.Checkpoints;

/// <summary>Reads one JSON value token by token from part of a stream, holding a small window of it.</summary>
internal ref struct JsonStreamReader
{
    private const int LargestToken = 1 << 24;

    private readonly Stream stream;
    private long remaining;
    private byte[] window;
    private int filled;
    private Utf8JsonReader json;

    /// <summary>Starts to read at the stream's position.</summary>
    /// <param name="stream">The stream; borrowed.</param>
    /// <param name="length">How many of its bytes are the value, which begins with <c>{</c>.</param>
    public JsonStreamReader(Stream stream, long length)
    {
        this.stream = stream;
        remaining = length;
        window = new byte[(int)Math.Min(length, 1 << 16)];
        Fill();
        if (filled == 0 || window[0] != '{')
            throw new FormatException("it does not begin with '{'.");
        json = new Utf8JsonReader(window.AsSpan(0, filled), remaining == 0, default);
    }

    /// <summary>Reads a token that must be of one kind.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="what">What it stands for, for the message.</param>
    /// <exception cref="FormatException">The token is of another kind.</exception>
    public void Expect(JsonTokenType kind, string what)
    {
        Read();
        if (json.TokenType != kind)
            throw new FormatException($"{what} was expected, a {json.TokenType} was found.");
    }

    /// <summary>The next name in an object, or null at the object's end.</summary>
    public string? ReadName()
    {
        Read();
        return json.TokenType == JsonTokenType.EndObject ? null : json.GetString()!;
    }

    /// <summary>A value that must be a text.</summary>
    public string ReadString(string what)
    {
        Expect(JsonTokenType.String, what);
        return json.GetString()!;
    }

    /// <summary>A value that must be an array of integers that are not negative.</summary>
    public long[] ReadSizes(string what)
    {
        Expect(JsonTokenType.StartArray, what);
        var sizes = new List<long>();
        while (true)
        {
            Read();
            if (json.TokenType == JsonTokenType.EndArray)
                return [.. sizes];
            if (json.TokenType != JsonTokenType.Number || !json.TryGetUInt64(out var size) || size > long.MaxValue)
                throw new FormatException($"{what} holds something other than an integer that is not negative.");
            sizes.Add((long)size);
        }
    }

    /// <summary>Passes over a value of any kind.</summary>
    public void SkipValue()
    {
        Read();
        var depth = json.CurrentDepth;
        if (json.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            return;
        do Read();
        while (json.CurrentDepth > depth);
    }

    /// <summary>Checks that nothing follows.</summary>
    public void ExpectEnd()
    {
        if (TryRead())
            throw new FormatException("something follows the end of the object.");
    }

    private void Read()
    {
        if (!TryRead())
            throw new FormatException("it ends in the middle.");
    }

    private bool TryRead()
    {
        while (!json.Read())
        {
            if (json.IsFinalBlock)
                return false;
            var used = (int)json.BytesConsumed;
            if (used == 0 && filled == window.Length)
            {
                if (window.Length >= LargestToken)
                    throw new FormatException($"it holds a text of more than {LargestToken} bytes.");
                Array.Resize(ref window, window.Length * 2);
            }
            Buffer.BlockCopy(window, used, window, 0, filled -= used);
            Fill();
            json = new Utf8JsonReader(window.AsSpan(0, filled), remaining == 0, json.CurrentState);
        }
        return true;
    }

    private void Fill()
    {
        var wanted = (int)Math.Min(window.Length - filled, remaining);
        stream.ReadExactly(window, filled, wanted);
        filled += wanted;
        remaining -= wanted;
    }
}

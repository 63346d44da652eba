using Google.Protobuf;
using ImgAlign.Detectors;

namespace ImgAlign.ShapeWorld.Language;

/// <summary>
/// The detector's tokenizer in LLaMA's published layout, a sentencepiece model with byte-pair encoding: any text can be read, and each word of
/// questions, captions and instructions is one token.
/// </summary>
internal static class LlamaTokenizerFiles
{
    private const string Space = "\u2581";
    private const string Punctuation = ".,:?'";

    private static readonly IReadOnlyList<string> Words =
    [
        .. Questions.Templates.Select(static template => template.Replace(Questions.Placeholder, "", StringComparison.Ordinal))
            .SelectMany(static template => template.Split([' ', .. Punctuation], StringSplitOptions.RemoveEmptyEntries))
            .Concat(Captions.Words).Concat(EditInstructions.Words)
            .Distinct(),
    ];

    private static readonly IReadOnlyList<(string Piece, PieceType Type)> Pieces =
    [
        ("<unk>", PieceType.Unknown), ("<s>", PieceType.Control), ("</s>", PieceType.Control),
        .. Enumerable.Range(0, 256).Select(static value => ($"<0x{value:X2}>", PieceType.Byte)),
        .. BytePairTraining.Learn(Words.Select(static word => $"{Space}{word}".Select(static letter => letter.ToString()).ToList()))
            .Select(static merge => (merge.Left + merge.Right, PieceType.Normal)),
        (Space, PieceType.Normal),
        .. $"{Punctuation}abcdefghijklmnopqrstuvwxyz".Select(static letter => (letter.ToString(), PieceType.Normal)),
    ];

    /// <summary>The number of pieces.</summary>
    public static int VocabularySize => Pieces.Count;

    /// <summary>The token that ends an answer.</summary>
    public const int EndId = 2;

    /// <summary>The token that stands for one position of a picture; it comes after the pieces.</summary>
    public static int ImageId => Pieces.Count;

    /// <summary>The token that fills shorter rows.</summary>
    public static int PadId => Pieces.Count + 1;

    /// <summary>Writes <c>tokenizer.model</c>, <c>tokenizer_config.json</c> and <c>added_tokens.json</c>.</summary>
    /// <param name="folder">The folder; it is made if it is not there.</param>
    public static void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "tokenizer.model"), Model());
        JsonFile.Write(Path.Combine(folder, "tokenizer_config.json"), new Dictionary<string, object>
        {
            ["tokenizer_class"] = "LlamaTokenizer",
            ["add_bos_token"] = true,
            ["add_eos_token"] = false,
            ["legacy"] = false,
            ["bos_token"] = "<s>",
            ["eos_token"] = "</s>",
            ["unk_token"] = "<unk>",
            ["pad_token"] = "<pad>",
        });
        JsonFile.Write(Path.Combine(folder, "added_tokens.json"), new Dictionary<string, int> { ["<image>"] = ImageId, ["<pad>"] = PadId });
    }

    // sentencepiece_model.proto, the fields that a reader needs.
    private static byte[] Model()
    {
        using var file = new MemoryStream();
        using (var output = new CodedOutputStream(file, leaveOpen: true))
        {
            foreach (var (index, (piece, type)) in Pieces.Index())
                Message(output, 1, message => { Text(message, 1, piece); Number(message, 2, -index); Integer(message, 3, (int)type); });
            Message(output, 2, trainer =>
            {
                Integer(trainer, 3, 2);  // model_type: BPE
                Integer(trainer, 4, Pieces.Count);
                Integer(trainer, 35, 1);  // byte_fallback
            });
            Message(output, 3, normalizer =>
            {
                Text(normalizer, 1, "identity");
                Integer(normalizer, 3, 1);  // add_dummy_prefix
                Integer(normalizer, 4, 0);  // remove_extra_whitespaces
                Integer(normalizer, 5, 1);  // escape_whitespaces
            });
        }
        return file.ToArray();
    }

    private static void Message(CodedOutputStream output, int field, Action<CodedOutputStream> write)
    {
        using var contents = new MemoryStream();
        using (var inner = new CodedOutputStream(contents, leaveOpen: true)) write(inner);
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(contents.ToArray()));
    }

    private static void Text(CodedOutputStream output, int field, string value)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteString(value);
    }

    private static void Number(CodedOutputStream output, int field, float value)
    {
        output.WriteTag(field, WireFormat.WireType.Fixed32);
        output.WriteFloat(value);
    }

    private static void Integer(CodedOutputStream output, int field, int value)
    {
        output.WriteTag(field, WireFormat.WireType.Varint);
        output.WriteInt32(value);
    }

    // The numbers of sentencepiece_model.proto.
    private enum PieceType { Normal = 1, Unknown = 2, Control = 3, Byte = 6 }
}

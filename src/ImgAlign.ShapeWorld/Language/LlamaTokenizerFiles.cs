using Google.Protobuf;
using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Tokenizers;

namespace ImgAlign.ShapeWorld.Language;

/// <summary>
/// The detector's tokenizer in LLaMA's published layout, a sentencepiece model with byte-pair encoding: any text can be read, and each word
/// of questions, captions and instructions is one token.
/// </summary>
internal static class LlamaTokenizerFiles
{
    private const string Space = "\u2581";
    private const string Punctuation = ".,:?'\"";

    private static readonly IReadOnlyList<string> Words =
    [
        .. Questions
            .Templates.Select(static template => template.Replace(Questions.Placeholder, "", StringComparison.Ordinal))
            .SelectMany(static template => template.Split([' ', .. Punctuation], StringSplitOptions.RemoveEmptyEntries))
            .Concat(Captions.Words)
            .Concat(EditInstructions.Words)
            .Concat(SceneQuestions.Words)
            .Distinct(),
    ];

    private static readonly IReadOnlyList<(string Text, PieceKind Kind)> Pieces =
    [
        ("<unk>", PieceKind.Unknown),
        ("<s>", PieceKind.Control),
        ("</s>", PieceKind.Control),
        .. Enumerable.Range(0, 256).Select(static value => ($"<0x{value:X2}>", PieceKind.Byte)),
        .. BytePairTraining
            .Learn(Words.Select(static word => $"{Space}{word}".Select(static letter => letter.ToString()).ToList()))
            .Select(static merge => (merge.Left + merge.Right, PieceKind.Normal)),
        (Space, PieceKind.Normal),
        .. $"{Punctuation}abcdefghijklmnopqrstuvwxyz".Select(static letter => (letter.ToString(), PieceKind.Normal)),
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
        AtomicFile.Write(Path.Combine(folder, "tokenizer.model"), static file => file.Write(Model().ToByteArray()));
        JsonFile.Write(
            Path.Combine(folder, "tokenizer_config.json"),
            new Dictionary<string, object>
            {
                ["tokenizer_class"] = "LlamaTokenizer",
                ["add_bos_token"] = true,
                ["add_eos_token"] = false,
                ["legacy"] = false,
                ["bos_token"] = "<s>",
                ["eos_token"] = "</s>",
                ["unk_token"] = "<unk>",
                ["pad_token"] = "<pad>",
            }
        );
        JsonFile.Write(Path.Combine(folder, "added_tokens.json"), new Dictionary<string, int> { ["<image>"] = ImageId, ["<pad>"] = PadId });
    }

    // Pieces that stand first are preferred.
    private static SentencePieceModel Model() =>
        new()
        {
            Pieces =
            {
                Pieces.Select(
                    static (piece, index) =>
                        new SentencePiece
                        {
                            Text = piece.Text,
                            Score = -index,
                            Kind = (int)piece.Kind,
                        }
                ),
            },
            Trainer = new SentencePieceTrainer
            {
                Algorithm = (int)PieceAlgorithm.BytePair,
                VocabularySize = Pieces.Count,
                ByteFallback = true,
            },
            Normalizer = new SentencePieceNormalizer
            {
                Name = "identity",
                AddDummyPrefix = true,
                RemoveExtraWhitespaces = false,
                EscapeWhitespaces = true,
            },
        };
}

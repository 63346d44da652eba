using System.Text;
using ImgAlign.Checkpoints;
using ImgAlign.Tokenizers;

namespace ImgAlign.ShapeWorld.Language;

/// <summary>The tokenizer of the text encoders in CLIP's published layout: any text can be read, and each word of a caption is one
/// token.</summary>
internal static class ClipTokenizerFiles
{
    private const string EndOfWord = "</w>",
        BeginOfText = "<|startoftext|>",
        EndOfText = "<|endoftext|>";

    /// <summary>The number of tokens that a text is padded to.</summary>
    public const int MaxLength = 16;

    private static readonly IReadOnlyList<(string Left, string Right)> Merges = BytePairTraining.Learn(
        Captions.Words.Select(static word =>
            word.Select((letter, i) => i == word.Length - 1 ? letter + EndOfWord : letter.ToString()).ToList()
        )
    );

    private static readonly IReadOnlyList<string> Tokens =
    [
        .. ByteLevelVocabulary.ByteCharacters.Select(static character => character.ToString()),
        .. ByteLevelVocabulary.ByteCharacters.Select(static character => character + EndOfWord),
        .. Merges.Select(static merge => merge.Left + merge.Right),
        BeginOfText,
        EndOfText,
    ];

    /// <summary>The number of tokens.</summary>
    public static int VocabularySize => Tokens.Count;

    /// <summary>The token that ends a text and fills the rest; it has the largest id.</summary>
    public static int EndId => Tokens.Count - 1;

    /// <summary>Writes <c>vocab.json</c>, <c>merges.txt</c> and <c>tokenizer_config.json</c>.</summary>
    /// <param name="folder">The folder; it is made if it is not there.</param>
    public static void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        JsonFile.Write(
            Path.Combine(folder, "vocab.json"),
            Tokens.Index().ToDictionary(static entry => entry.Item, static entry => entry.Index)
        );
        var merges = Merges.Select(static merge => $"{merge.Left} {merge.Right}\n").Prepend("#version: 0.2\n");
        AtomicFile.Write(Path.Combine(folder, "merges.txt"), file => file.Write(Encoding.UTF8.GetBytes(string.Concat(merges))));
        JsonFile.Write(
            Path.Combine(folder, "tokenizer_config.json"),
            new Dictionary<string, object>
            {
                ["tokenizer_class"] = "CLIPTokenizer",
                ["model_max_length"] = MaxLength,
                ["bos_token"] = BeginOfText,
                ["eos_token"] = EndOfText,
                ["unk_token"] = EndOfText,
                ["pad_token"] = EndOfText,
            }
        );
    }
}

using ImgAlign.Hub;

namespace ImgAlign.Checkpoints;

/// <summary>
/// Which files of a repository a model is read from: configurations, tokenizers, and one checkpoint of each network. Repositories hold many
/// more: the same weights in other formats and half precision, whole models in one file beside the folders of their parts, pictures.
/// </summary>
public static class ModelFiles
{
    private const string Safetensors = ".safetensors";

    private static readonly string[] Small = [".json", ".txt", ".model"];
    private static readonly string[] OtherFormats = ["onnx", "openvino", "flax", "tf_model"];

    /// <summary>The extensions of checkpoints: safetensors, and what PyTorch's pickles are called.</summary>
    internal static IReadOnlyList<string> CheckpointExtensions { get; } = [Safetensors, ".bin", ".pth", ".pt", ".ckpt"];

    /// <summary>The filter that chooses them.</summary>
    public static HubFilter Filter { get; } = new(Needed);

    /// <summary>The filter that chooses what a tokenizer of CLIP or BERT is read from.</summary>
    public static HubFilter Tokenizer { get; } =
        new(static files => files.Where(static file => file is "vocab.json" or "merges.txt" or "tokenizer.json" or "vocab.txt"));

    /// <summary>The filter that chooses configuration, tokenizer and preprocessor of a model whose weights are elsewhere.</summary>
    public static HubFilter WithoutWeights { get; } =
        new(static files => files.Where(static file => !file.Contains('/') && Small.Contains(Path.GetExtension(file))));

    /// <summary>Whether a folder holds what a tokenizer of CLIP is read from.</summary>
    internal static bool HasTokenizer(string folder) =>
        File.Exists(Path.Combine(folder, "vocab.json")) || File.Exists(Path.Combine(folder, "tokenizer.json"));

    /// <summary>Of the paths of all files, those that are needed.</summary>
    public static IEnumerable<string> Needed(IReadOnlyList<string> files)
    {
        var all = files.ToHashSet(StringComparer.Ordinal);
        var safetensors = files.Where(IsSafetensors).Select(FolderOf).ToHashSet(StringComparer.Ordinal);
        var isPipeline = all.Contains("model_index.json");
        return files.Where(IsNeeded);

        bool IsNeeded(string file)
        {
            if (OtherFormats.Any(format => file.Contains(format, StringComparison.OrdinalIgnoreCase)))
                return false;
            if (file.Contains(".fp16.", StringComparison.Ordinal) && all.Contains(file.Replace(".fp16.", ".", StringComparison.Ordinal)))
                return false;
            if (Small.Contains(Path.GetExtension(file)))
                return true;
            if (isPipeline && FolderOf(file).Length == 0)
                return false; // the whole model in one file
            return IsCheckpoint(file) && (IsSafetensors(file) || !safetensors.Contains(FolderOf(file)));
        }
    }

    /// <summary>Whether a file is called as a checkpoint is.</summary>
    public static bool IsCheckpoint(string file) => CheckpointExtensions.Contains(Path.GetExtension(file));

    private static bool IsSafetensors(string file) => Path.GetExtension(file) == Safetensors;

    private static string FolderOf(string file) => file[..(file.LastIndexOf('/') + 1)];
}

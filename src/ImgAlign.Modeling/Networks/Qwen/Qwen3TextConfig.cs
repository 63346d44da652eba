using ImgAlign.Checkpoints;
using ImgAlign.Networks.Llama;

namespace ImgAlign.Networks.Qwen;

/// <summary>
/// Qwen3's language model is a LLaMA whose queries and keys are normed head by head; defaults are those of transformers' Qwen3Config.
/// </summary>
internal sealed record Qwen3TextConfig : LlamaConfig
{
    public Qwen3TextConfig()
    {
        VocabSize = 151936;
        HiddenSize = 4096;
        IntermediateSize = 22016;
        HeadDim = 128;
        NumKeyValueHeads = 32;
        MaxPositionEmbeddings = 32768;
        HasQueryKeyNorms = true;
    }

    /// <summary>Reads a model's <c>config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing or broken, or an option is not supported.</exception>
    public static LlamaConfig Read(string path)
    {
        var json = ConfigFile.ReadJson(path);
        return json.TryGetProperty("model_type", out var type) && type.GetString() == "qwen3"
            ? FromJson<Qwen3TextConfig>(json, path)
            : throw new ImgAlignException($"{path}: this is not the configuration of a Qwen3 (model_type qwen3); take the model's own.");
    }
}

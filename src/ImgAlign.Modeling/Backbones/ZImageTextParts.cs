using ImgAlign.Checkpoints;
using ImgAlign.Networks.Llama;
using ImgAlign.Networks.Qwen;
using ImgAlign.Runtime;
using ImgAlign.Tokenizers;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>What Z-Image's text encoder is made of, read and checked.</summary>
/// <param name="Config">Qwen3's sizes, without the layers that are not run.</param>
/// <param name="Tokenizer">From a text to ids.</param>
/// <param name="Network">Qwen3 up to its last layer but one, without the final norm.</param>
public sealed record ZImageTextParts(LlamaConfig Config, QwenTokenizer Tokenizer, ModelSource<LlamaModel> Network)
{
    private const string Before = "<|im_start|>user\n";

    /// <summary>Reads configuration and tokenizer and compares them with the weights.</summary>
    /// <param name="configPath">Qwen3's <c>config.json</c>.</param>
    /// <param name="tokenizerPath">The tokenizer's folder.</param>
    /// <param name="weightsPath">The weights.</param>
    /// <param name="layersLeftOut">How many layers at the end are not run.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or two do not fit each other.</exception>
    public static ZImageTextParts Read(string configPath, string tokenizerPath, string weightsPath, int layersLeftOut = 1)
    {
        var whole = Qwen3TextConfig.Read(configPath);
        var config = whole with { NumHiddenLayers = Math.Max(0, whole.NumHiddenLayers - layersLeftOut) };
        var tokenizer = QwenTokenizer.Load(tokenizerPath);
        if (tokenizer.IdOf("<|im_end|>") >= config.VocabSize)
            throw new ImgAlignException(
                $"{tokenizerPath}: its tokens go beyond the text encoder's {config.VocabSize}; take all folders from one and the same model."
            );
        return new(
            config,
            tokenizer,
            new(
                "Z-Image text encoder",
                () => new LlamaModel(config, META, hasNorm: false),
                (network, weights) =>
                {
                    var part = CheckpointPart.Find(weights.Open(weightsPath), "Qwen3", new Landmark("embed_tokens.weight"));
                    weights.Add(network, part, WeightMap.Identity.Ignoring(name => IsLeftOut(name, config.NumHiddenLayers)));
                }
            )
        );
    }

    /// <summary>The tokens of the template that stand before a prompt.</summary>
    public int TokensBefore => Tokenizer.Encode(Before).Count;

    /// <summary>The whole text: no system message, and nothing where the answer begins.</summary>
    public static string Render(string prompt) => $"{Before}{prompt}<|im_end|>\n<|im_start|>assistant\n";

    /// <summary>The ids of a prompt in the template; what is too long is cut off.</summary>
    public IReadOnlyList<int> Tokenize(string prompt, int length) => [.. Tokenizer.Encode(Render(prompt)).Take(length)];

    /// <summary>The end of a prompt that is not read; null where all of it is.</summary>
    public string? FindUnread(string prompt, int length) =>
        ReadingLimit.Unread(prompt, length - TokensBefore, text => Tokenizer.Encode(text).Count);

    private static bool IsLeftOut(string name, int layers) =>
        name is "norm.weight" || name.Split('.') is ["layers", var layer, ..] && int.TryParse(layer, out var number) && number >= layers;
}

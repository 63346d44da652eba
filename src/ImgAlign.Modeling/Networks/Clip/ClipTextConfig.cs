using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Clip;

/// <summary>Sizes of a CLIP text encoder, with the defaults of transformers' <c>CLIPTextConfig</c>.</summary>
public sealed record ClipTextConfig : ClipTowerConfig
{
    /// <summary>The defaults of transformers' class.</summary>
    public ClipTextConfig()
    {
        HiddenSize = 512;
        IntermediateSize = 2048;
        NumAttentionHeads = 8;
    }

    /// <summary>The number of token ids.</summary>
    public int VocabSize { get; init; } = 49408;

    /// <summary>The longest sequence of tokens.</summary>
    public int MaxPositionEmbeddings { get; init; } = 77;

    /// <summary>An <see cref="EosTokenId"/> that stands for "the largest id of the sequence".</summary>
    internal const int LargestId = 2;

    /// <summary>The id that ends a text; 2 stands for "the largest id of the sequence", as in all configurations published before
    /// 2023.</summary>
    public int EosTokenId { get; init; } = 49407;

    /// <summary>Reads the <c>config.json</c> of a text encoder, or of a whole CLIP model.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing, broken, or has impossible sizes.</exception>
    public static ClipTextConfig Read(string path) => FromJson(ConfigFile.ReadJson(path), path);

    /// <summary>Reads the configuration of a text encoder, or of a whole CLIP model, where it is <c>text_config</c>.</summary>
    /// <param name="json">The object with the fields.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="ImgAlignException">A field is broken or impossible.</exception>
    public static ClipTextConfig FromJson(JsonElement json, string source)
    {
        var config = ConfigFile.Parse<ClipTextConfig>(json, source);
        if (json.TryGetProperty("text_config", out var own))
            config = ConfigFile.Parse<ClipTextConfig>(own, source) with
            {
                Architectures = config.Architectures,
                ProjectionDim = config.ProjectionDim,
            };
        return config.Checked(source);
    }

    /// <summary>The same, unless no text encoder can have these sizes.</summary>
    /// <exception cref="ImgAlignException">None can.</exception>
    internal ClipTextConfig Checked(string source)
    {
        Validate(source);
        if (VocabSize < 1 || MaxPositionEmbeddings < 1)
            throw new ImgAlignException($"{source}: vocab_size and max_position_embeddings must be positive.");
        return this;
    }
}

using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;

namespace ImgAlign.Networks.Bert;

/// <summary>The sizes of a BERT, with the defaults of transformers' <c>BertConfig</c>.</summary>
public sealed record BertConfig
{
    /// <summary>The number of tokens.</summary>
    public int VocabSize { get; init; } = 30522;

    /// <summary>The width of a token's state, D.</summary>
    public int HiddenSize { get; init; } = 768;

    /// <summary>The width inside the feed-forward part.</summary>
    public int IntermediateSize { get; init; } = 3072;

    /// <summary>The number of layers.</summary>
    public int NumHiddenLayers { get; init; } = 12;

    /// <summary>The number of heads.</summary>
    public int NumAttentionHeads { get; init; } = 12;

    /// <summary>The longest sequence.</summary>
    public int MaxPositionEmbeddings { get; init; } = 512;

    /// <summary>The activation of the feed-forward part.</summary>
    public string HiddenAct { get; init; } = "gelu";

    /// <summary>The norms' epsilon.</summary>
    public double LayerNormEps { get; init; } = 1e-12;

    /// <summary>Reads a configuration.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing or broken, or no BERT has these sizes.</exception>
    public static BertConfig Read(string path)
    {
        var config = ConfigFile.Read<BertConfig>(path);
        int[] sizes =
        [
            config.VocabSize,
            config.HiddenSize,
            config.IntermediateSize,
            config.NumHiddenLayers,
            config.NumAttentionHeads,
            config.MaxPositionEmbeddings,
        ];
        if (sizes.Min() < 1 || config.HiddenSize % config.NumAttentionHeads != 0)
            throw new ImgAlignException($"{path}: every size of a BERT must be at least 1, and its heads must share out hidden_size.");
        _ = Activation.ByName(config.HiddenAct);
        return config;
    }
}

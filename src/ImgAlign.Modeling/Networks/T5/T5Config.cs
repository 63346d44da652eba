using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.T5;

/// <summary>Sizes of a T5 text encoder of version 1.1, with the defaults of transformers' <c>T5Config</c>.</summary>
public sealed record T5Config
{
    /// <summary>The number of token ids; the embedding may have more rows than the tokenizer has tokens.</summary>
    public int VocabSize { get; init; } = 32128;

    /// <summary>Width of the hidden states.</summary>
    public int DModel { get; init; } = 512;

    /// <summary>Width of an attention head; heads together may be wider or narrower than the hidden states.</summary>
    public int DKv { get; init; } = 64;

    /// <summary>Width inside a block's feed-forward.</summary>
    public int DFf { get; init; } = 2048;

    /// <summary>The number of blocks.</summary>
    public int NumLayers { get; init; } = 6;

    /// <summary>The number of attention heads.</summary>
    public int NumHeads { get; init; } = 8;

    /// <summary>The number of distance classes of the position bias, for both directions together.</summary>
    public int RelativeAttentionNumBuckets { get; init; } = 32;

    /// <summary>The distance from which on all distances are of one class.</summary>
    public int RelativeAttentionMaxDistance { get; init; } = 128;

    /// <summary>Epsilon of all norms.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-6;

    /// <summary>The feed-forward's form; only the gated ones of version 1.1 are known, such as <c>gated-gelu</c>.</summary>
    public string FeedForwardProj { get; init; } = "relu";

    /// <summary>The gate's activation by its name in <see cref="Layers.Activation"/>; <c>gated-gelu</c> means the tanh
    /// approximation.</summary>
    public string GateActivation => FeedForwardProj == GatedGelu ? "gelu_new" : FeedForwardProj[Gated.Length..];

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing, broken, or asks for what is not known here.</exception>
    public static T5Config Read(string path) => FromJson(ConfigFile.ReadJson(path), path);

    /// <summary>Reads a configuration.</summary>
    /// <param name="json">The object with the fields.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="ImgAlignException">A field is broken or asks for what is not known here.</exception>
    public static T5Config FromJson(JsonElement json, string source)
    {
        var config = ConfigFile.Parse<T5Config>(json, source);
        if (!config.FeedForwardProj.StartsWith(Gated, StringComparison.Ordinal))
            throw new ImgAlignException(
                $"{source}: feed_forward_proj '{config.FeedForwardProj}' is not known here; the gated ones of T5 1.1 are, such "
                    + $"as {GatedGelu}."
            );
        if (new[] { config.VocabSize, config.DModel, config.DKv, config.DFf, config.NumLayers, config.NumHeads }.Min() < 1)
            throw new ImgAlignException($"{source}: vocab_size, d_model, d_kv, d_ff, num_layers and num_heads must be positive.");
        if (
            config.RelativeAttentionNumBuckets < 4
            || config.RelativeAttentionNumBuckets % 4 != 0
            || config.RelativeAttentionMaxDistance <= config.RelativeAttentionNumBuckets / 4
        )
            throw new ImgAlignException(
                $"{source}: relative_attention_num_buckets must be a multiple of 4, and relative_attention_max_distance more "
                    + "than a quarter of it."
            );
        return config;
    }

    private const string Gated = "gated-";
    private const string GatedGelu = "gated-gelu";
}

using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;

namespace ImgAlign.Networks.Llama;

/// <summary>The sizes of a LLaMA decoder, as its <c>config.json</c> gives them; defaults are those of transformers' LlamaConfig.</summary>
public record LlamaConfig
{
    /// <summary>The number of tokens in the vocabulary.</summary>
    public int VocabSize { get; init; } = 32000;

    /// <summary>The width of a position's state, D.</summary>
    public int HiddenSize { get; init; } = 4096;

    /// <summary>The width inside the feed-forward part.</summary>
    public int IntermediateSize { get; init; } = 11008;

    /// <summary>The number of layers.</summary>
    public int NumHiddenLayers { get; init; } = 32;

    /// <summary>The number of query heads.</summary>
    public int NumAttentionHeads { get; init; } = 32;

    /// <summary>The number of key and value heads; null: as many as query heads.</summary>
    public int? NumKeyValueHeads { get; init; }

    /// <summary>The width of a head; null: the hidden size shared out among the heads.</summary>
    public int? HeadDim { get; init; }

    /// <summary>The activation of the feed-forward part.</summary>
    public string HiddenAct { get; init; } = "silu";

    /// <summary>The longest sequence that the model was trained for.</summary>
    public int MaxPositionEmbeddings { get; init; } = 2048;

    /// <summary>The norms' epsilon.</summary>
    public double RmsNormEps { get; init; } = 1e-6;

    /// <summary>The base of the rotary frequencies.</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>Whether the head that gives logits is the embedding itself.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Whether the four projections of the attention have biases.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether the last of the four has one; null: as the others.</summary>
    [JsonIgnore]
    public bool? AttentionOutputBias { get; init; }

    /// <summary>
    /// How a head's frequencies are shared out among the axes of positions (Qwen2.5-VL's multimodal positions: time, row, column); null
    /// where positions have one axis.
    /// </summary>
    [JsonIgnore]
    public IReadOnlyList<int>? RopeSections { get; init; }

    /// <summary>Whether the axes take the frequencies in turn, as in Qwen3-VL, and not one axis after the other.</summary>
    [JsonIgnore]
    public bool InterleavesAxes { get; init; }

    /// <summary>Whether queries and keys are normed head by head before they turn, as in Qwen3.</summary>
    [JsonIgnore]
    public bool HasQueryKeyNorms { get; init; }

    /// <summary>Whether the three projections of the feed-forward part have biases.</summary>
    public bool MlpBias { get; init; }

    /// <summary>The number of key and value heads.</summary>
    [JsonIgnore]
    public int KeyValueHeads => NumKeyValueHeads ?? NumAttentionHeads;

    /// <summary>The width of a head.</summary>
    [JsonIgnore]
    public int HeadWidth => HeadDim ?? HiddenSize / NumAttentionHeads;

    /// <summary>The axis of positions by which each frequency of a head turns.</summary>
    internal IReadOnlyList<int> RopeAxes =>
        RopeSections is not { } sections ? [.. Enumerable.Repeat(0, HeadWidth / 2)]
        : InterleavesAxes
            ? [.. Enumerable.Range(0, HeadWidth / 2).Select(i => i % 3 is > 0 and var axis && i < 3 * sections[axis] ? axis : 0)]
        : [.. sections.SelectMany(static (section, axis) => Enumerable.Repeat(axis, section))];

    /// <summary>Reads the fields of a <c>config.json</c>, or of its <c>text_config</c>.</summary>
    /// <param name="json">The object with the fields.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="ImgAlignException">A field is of the wrong kind, sizes do not fit each other, or an option is not
    /// supported.</exception>
    public static LlamaConfig FromJson(JsonElement json, string source) => FromJson<LlamaConfig>(json, source);

    /// <summary>The same, with a kin's defaults.</summary>
    /// <typeparam name="T">The kin of LLaMA.</typeparam>
    internal static LlamaConfig FromJson<T>(JsonElement json, string source)
        where T : LlamaConfig
    {
        LlamaConfig config = ConfigFile.Parse<T>(json, source);
        // Since version 5, transformers writes the base and the scaling into one object.
        foreach (var name in (string[])["rope_scaling", "rope_parameters"])
        {
            if (!json.TryGetProperty(name, out var rope) || rope.ValueKind != JsonValueKind.Object)
                continue;
            if (rope.TryGetProperty("rope_theta", out var theta))
                config = config with { RopeTheta = theta.GetDouble() };
            if (rope.TryGetProperty("mrope_section", out var sections))
                config = config with { RopeSections = ConfigFile.Parse<int[]>(sections, source) };
            if (rope.TryGetProperty("mrope_interleaved", out var interleaved))
                config = config with { InterleavesAxes = interleaved.ValueKind == JsonValueKind.True };
            var type =
                rope.TryGetProperty("rope_type", out var newer) || rope.TryGetProperty("type", out newer) ? newer.GetString() : "default";
            if (type != "default" && (type != "mrope" || config.RopeSections is null))
                throw new ImgAlignException(
                    $"{source}: rotary scaling of type '{type}' is not supported; LLaVA-1.5 and the Qwen models have none."
                );
        }
        config.Check(source);
        return config;
    }

    /// <summary>Refuses sequences that the model was not trained to read.</summary>
    /// <param name="length">The number of positions, image patches included.</param>
    /// <exception cref="InvalidRequestException">There are too many.</exception>
    public void RequireLength(long length)
    {
        if (length > MaxPositionEmbeddings)
            throw new InvalidRequestException(
                $"The sequence has {length} tokens, image patches included, but the model reads {MaxPositionEmbeddings} at "
                    + "most; shorten the prompt."
            );
    }

    /// <summary>An upper estimate of the numbers that are in memory at once while a decoder reads and answers, beside its
    /// weights.</summary>
    /// <param name="positions">The positions that it reads.</param>
    /// <param name="newTokens">The most tokens that it then answers; 0: none, so that nothing is remembered.</param>
    public long CountActivations(long positions, long newTokens)
    {
        var layer = positions * (3L * IntermediateSize + 8L * HiddenSize);
        if (newTokens == 0)
            return layer;
        var remembered = KeyValueCache.CapacityFor(Math.Min(positions + newTokens, MaxPositionEmbeddings));
        return layer + (2L * NumHiddenLayers + 1) * remembered * KeyValueHeads * HeadWidth; // + 1: what is outgrown, until it is copied
    }

    private void Check(string source)
    {
        if (
            new[]
            {
                VocabSize,
                HiddenSize,
                IntermediateSize,
                NumHiddenLayers,
                NumAttentionHeads,
                KeyValueHeads,
                HeadWidth,
                MaxPositionEmbeddings,
            }.Min() < 1
        )
            throw new ImgAlignException($"{source}: every size of a LLaMA must be at least 1.");
        if (HeadDim is null && HiddenSize % NumAttentionHeads != 0)
            throw new ImgAlignException($"{source}: hidden_size {HiddenSize} cannot be shared out among {NumAttentionHeads} heads.");
        if (NumAttentionHeads % KeyValueHeads != 0)
            throw new ImgAlignException(
                $"{source}: {NumAttentionHeads} query heads cannot be shared out among {KeyValueHeads} key-value heads."
            );
        if (HeadWidth % 2 != 0)
            throw new ImgAlignException($"{source}: a head is {HeadWidth} wide, but rotary embeddings turn pairs.");
        if (RopeSections is { } sections && (sections.Any(static section => section < 1) || sections.Sum() != HeadWidth / 2))
            throw new ImgAlignException(
                $"{source}: mrope_section [{string.Join(", ", sections)}] must share out the {HeadWidth / 2} frequencies of a head."
            );
        _ = Activation.ByName(HiddenAct);
    }
}

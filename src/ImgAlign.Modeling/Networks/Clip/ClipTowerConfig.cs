namespace ImgAlign.Networks.Clip;

/// <summary>What the text and the vision tower of CLIP have in common; the fields of transformers' <c>CLIPTextConfig</c> and
/// <c>CLIPVisionConfig</c>.</summary>
public abstract record ClipTowerConfig
{
    private protected ClipTowerConfig() { }

    /// <summary>The architecture of a checkpoint with both towers and their projections.</summary>
    internal static IReadOnlyList<string> WholeModel { get; } = ["CLIPModel"];

    /// <summary>Width of the hidden states.</summary>
    public int HiddenSize { get; init; }

    /// <summary>Width inside a block's feed-forward.</summary>
    public int IntermediateSize { get; init; }

    /// <summary>The number of blocks.</summary>
    public int NumHiddenLayers { get; init; } = 12;

    /// <summary>The number of attention heads.</summary>
    public int NumAttentionHeads { get; init; }

    /// <summary>Width of the space that both towers are projected to.</summary>
    public int ProjectionDim { get; init; } = 512;

    /// <summary>The feed-forward's activation: <c>quick_gelu</c> or <c>gelu</c>.</summary>
    public string HiddenAct { get; init; } = "quick_gelu";

    /// <summary>Epsilon of all layer norms.</summary>
    public double LayerNormEps { get; init; } = 1e-5;

    /// <summary>The class that wrote the checkpoint, which tells whether there is a projection.</summary>
    public IReadOnlyList<string>? Architectures { get; init; }

    /// <summary>Whether the checkpoint holds the projection of the pooled output.</summary>
    public bool HasProjection =>
        Architectures is not null
        && Architectures.Any(static name => WholeModel.Contains(name) || name.EndsWith("WithProjection", StringComparison.Ordinal));

    /// <summary>An upper estimate of the bytes that one input needs in a forward pass in float32, beside the weights.</summary>
    /// <param name="tokens">The length of the input.</param>
    internal long EstimateActivations(int tokens) =>
        4L * tokens * (2L * IntermediateSize + 8L * HiddenSize + (long)NumAttentionHeads * tokens);

    /// <summary>Refuses sizes that no tower can have.</summary>
    private protected void Validate(string source)
    {
        if (HiddenSize < 1 || IntermediateSize < 1 || NumHiddenLayers < 1 || ProjectionDim < 1)
            throw new ImgAlignException(
                $"{source}: hidden_size, intermediate_size, num_hidden_layers and projection_dim must be positive."
            );
        if (NumAttentionHeads < 1 || HiddenSize % NumAttentionHeads != 0)
            throw new ImgAlignException(
                $"{source}: hidden_size {HiddenSize} is not a multiple of num_attention_heads {NumAttentionHeads}."
            );
    }
}

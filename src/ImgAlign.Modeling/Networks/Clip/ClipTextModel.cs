using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Clip;

/// <summary>CLIP's text encoder (transformers <c>CLIPTextModel</c> and <c>CLIPTextModelWithProjection</c>): token ids <c>[B, N]</c>, int64,
/// to features.</summary>
public sealed class ClipTextModel : nn.Module<Tensor, ClipOutput>
{
    private readonly ClipTextConfig config;
    private readonly bool penultimateOnly;

    [ComponentName(Name = "embeddings")]
    private readonly ClipTextEmbeddings embeddings;

    [ComponentName(Name = "encoder")]
    private readonly ClipEncoder encoder;

    [ComponentName(Name = "final_layer_norm")]
    private readonly LayerNorm? finalLayerNorm;

    [ComponentName(Name = "text_projection")]
    private readonly CompactLinear? projection;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    /// <param name="penultimateOnly">Leave out the last block and all that follows: only <see cref="ClipOutput.Penultimate"/> is
    /// computed.</param>
    public ClipTextModel(ClipTextConfig config, Device device, bool penultimateOnly = false)
        : base(nameof(ClipTextModel))
    {
        this.config = config;
        this.penultimateOnly = penultimateOnly;
        embeddings = new ClipTextEmbeddings(config, device);
        encoder = new ClipEncoder(config, causal: true, hasLast: !penultimateOnly, device);
        finalLayerNorm = penultimateOnly ? null : nn.LayerNorm(config.HiddenSize, config.LayerNormEps, device: device);
        projection =
            penultimateOnly || !config.HasProjection
                ? null
                : new CompactLinear(config.HiddenSize, config.ProjectionDim, hasBias: false, device);
        RegisterComponents();
    }

    /// <summary>How this network's parameters are named in a published file.</summary>
    /// <param name="checkpoint">The file; names with and without <c>text_model.</c> are recognised, and the other tower is left
    /// alone.</param>
    /// <param name="prefix">What stands in front of all names, with its dot.</param>
    public WeightMap Names(Checkpoint checkpoint, string prefix = "") =>
        ClipNames.Map(
            checkpoint,
            prefix,
            "text_model.",
            "text_projection.",
            projection is not null,
            penultimateOnly ? ClipNames.AfterPenultimate(config, "final_layer_norm.") : static _ => false
        );

    /// <summary>The names that LoRA files have for this network's parameters.</summary>
    public static WeightMap LoraNames { get; } = new(static name => new WeightSource.Whole("text_model." + name));

    /// <inheritdoc/>
    public override ClipOutput forward(Tensor inputIds)
    {
        TensorDevice.Require(this, embeddings.Device, inputIds);
        using var scope = NewDisposeScope();
        var penultimate = encoder.RunToPenultimate(embeddings.call(inputIds)); // [B, N, w]
        if (finalLayerNorm is null)
            return new ClipOutput(penultimate, null, null).MoveToOuterDisposeScope();
        var last = finalLayerNorm.call(encoder.RunLast(penultimate));
        var pooled = last[TensorMath.Range(inputIds.shape[0], device: last.device), EndOfText(inputIds)]; // [B, w]
        if (projection is not null)
            pooled = projection.call(pooled);
        return new ClipOutput(penultimate, last, pooled).MoveToOuterDisposeScope();
    }

    /// <summary>The position of each text's end token, <c>[B]</c>; argmax gives the first where there are several.</summary>
    private Tensor EndOfText(Tensor inputIds) =>
        config.EosTokenId == ClipTextConfig.LargestId
            ? inputIds.argmax(-1)
            : inputIds.eq(tensor((long)config.EosTokenId, device: inputIds.device)).to(int32).argmax(-1);
}

/// <summary>Token and position embeddings: ids <c>[B, N]</c> to <c>[B, N, w]</c>.</summary>
internal sealed class ClipTextEmbeddings : nn.Module<Tensor, Tensor>
{
    private readonly ClipTextConfig config;

    [ComponentName(Name = "token_embedding")]
    private readonly EmbeddingTable tokens;

    [ComponentName(Name = "position_embedding")]
    private readonly EmbeddingTable positions;

    public ClipTextEmbeddings(ClipTextConfig config, Device device)
        : base(nameof(ClipTextEmbeddings))
    {
        this.config = config;
        tokens = new EmbeddingTable(config.VocabSize, config.HiddenSize, device);
        positions = new EmbeddingTable(config.MaxPositionEmbeddings, config.HiddenSize, device);
        RegisterComponents();
    }

    /// <summary>Where its weights are.</summary>
    public Device Device => tokens.Weight.device;

    public override Tensor forward(Tensor inputIds)
    {
        var length = inputIds.shape[1];
        if (length > config.MaxPositionEmbeddings)
            throw new ArgumentException(
                $"{length} tokens are too many for this text encoder; it takes up to {config.MaxPositionEmbeddings}.",
                nameof(inputIds)
            );
        using var scope = NewDisposeScope();
        var places = TensorMath.Range(length, int64, Device).unsqueeze(0); // [1, N]
        return tokens.call(inputIds).Plus(positions.call(places)).MoveToOuterDisposeScope();
    }
}

using ImgAlign.Imaging;
using ImgAlign.Networks.Layers;
using ImgAlign.Networks.Llama;
using ImgAlign.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Qwen;

/// <summary>
/// Qwen2.5-VL's vision tower (transformers Qwen2_5_VisionTransformerPretrainedModel): patches of images to one feature for each merged
/// cell.
/// Most blocks look within windows only, and none from one image to another.
/// </summary>
public sealed class QwenVisionModel : nn.Module<ImagePatches, Tensor>, IBlockNetwork
{
    internal const double NormEpsilon = 1e-6;
    private const double RopeTheta = 10000;

    private readonly QwenVisionConfig config;

    [ComponentName(Name = "patch_embed")]
    private readonly QwenPatchEmbedding patchEmbedding;

    [ComponentName(Name = "blocks")]
    private readonly ModuleList<QwenVisionBlock> blocks;

    private readonly BlockSequence<QwenVisionBlock> sequence;

    [ComponentName(Name = "merger")]
    private readonly QwenPatchMerger merger;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">Its sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public QwenVisionModel(QwenVisionConfig config, Device device)
        : base(nameof(QwenVisionModel))
    {
        this.config = config;
        patchEmbedding = new QwenPatchEmbedding(config, device);
        blocks = nn.ModuleList([.. Enumerable.Range(0, config.Depth).Select(_ => new QwenVisionBlock(config, device))]);
        sequence = new(blocks);
        var norm = new RmsNorm(config.HiddenSize, NormEpsilon, device);
        merger = new QwenPatchMerger(config, norm, device);
        RegisterComponents();
    }

    BlockSequence IBlockNetwork.Blocks => sequence;

    /// <inheritdoc/>
    /// <param name="patches">The images, on any device.</param>
    /// <returns><c>[cells, D]</c>, image after image, cells row by row.</returns>
    /// <exception cref="ArgumentException">Patches and grids differ in number, a patch has another size, or a grid is not of whole merged
    /// cells.</exception>
    public override Tensor forward(ImagePatches patches)
    {
        TensorShape.Require(patches.Values, nameof(patches), patches.Grids.Sum(static grid => (long)grid.Count), config.PatchWidth);
        var (device, type) = (merger.Bias.device, merger.Bias.dtype);
        TensorDevice.Require(this, device, patches.Values);
        using var scope = NewDisposeScope();
        var layout = PatchLayout.Create(patches.Grids, config);
        var order = tensor(layout.Cells.ToArray(), device: device);
        var rotary = Positions(layout, config, device);
        var windows = new AttentionSegments(layout.WindowLengths, device);
        var images = new AttentionSegments(layout.ImageLengths, device);

        var hidden = patchEmbedding.call(patches.Values.to(type)); // [P, w]
        hidden = hidden.view(layout.Cells.Count, config.CellPatches, -1).index_select(0, order).flatten(0, 1);
        foreach (var (index, block) in sequence.InTurn().Index())
        {
            var next = block.call(hidden, rotary, config.FullattBlockIndexes.Contains(index) ? images : windows);
            hidden.Dispose();
            hidden = next;
        }
        return merger.call(hidden).index_select(0, order.argsort()).MoveToOuterDisposeScope();
    }

    /// <summary>Half of a head's pairs turn by the patch's row, the other half by its column; in float32 whatever the weights
    /// are.</summary>
    internal static RotaryTable Positions(PatchLayout layout, QwenVisionConfig config, Device device)
    {
        var axis = Rope.Frequencies(config.HeadWidth / 2, RopeTheta, device);
        var positions = tensor([.. layout.Rows, .. layout.Columns], [2, 1, layout.Rows.Count], device: device);
        var (rows, columns) = (Enumerable.Repeat(0, config.HeadWidth / 4), Enumerable.Repeat(1, config.HeadWidth / 4));
        return Rope.Table(positions, cat([axis, axis]), [.. rows, .. columns], float32);
    }
}

/// <summary>One block of the vision tower: attention and SwiGLU, each behind a norm and around a residual (transformers
/// Qwen2_5_VLVisionBlock).</summary>
internal sealed class QwenVisionBlock : nn.Module<Tensor, RotaryTable, AttentionSegments, Tensor>
{
    [ComponentName(Name = "norm1")]
    private readonly RmsNorm norm1;

    [ComponentName(Name = "attn")]
    private readonly QwenVisionAttention attention;

    [ComponentName(Name = "norm2")]
    private readonly RmsNorm norm2;

    [ComponentName(Name = "mlp")]
    private readonly LlamaFeedForward feedForward;

    public QwenVisionBlock(QwenVisionConfig config, Device device)
        : base(nameof(QwenVisionBlock))
    {
        norm1 = new RmsNorm(config.HiddenSize, QwenVisionModel.NormEpsilon, device);
        attention = new QwenVisionAttention(config, device);
        norm2 = new RmsNorm(config.HiddenSize, QwenVisionModel.NormEpsilon, device);
        feedForward = new LlamaFeedForward(config.HiddenSize, config.IntermediateSize, config.HiddenAct, hasBias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, RotaryTable rotary, AttentionSegments segments)
    {
        using var scope = NewDisposeScope();
        var attended = attention.call(norm1.call(hidden), rotary, segments).PlusInPlace(hidden);
        return feedForward.call(norm2.call(attended)).PlusInPlace(attended).MoveToOuterDisposeScope();
    }
}

/// <summary>Self-attention of patches within segments, with rotary positions on two axes (transformers Qwen2_5_VLVisionAttention): <c>[P,
/// w]</c> to <c>[P, w]</c>.</summary>
internal sealed class QwenVisionAttention : nn.Module<Tensor, RotaryTable, AttentionSegments, Tensor>
{
    private readonly int heads;

    [ComponentName(Name = "qkv")]
    private readonly CompactLinear qkv;

    [ComponentName(Name = "proj")]
    private readonly CompactLinear proj;

    public QwenVisionAttention(QwenVisionConfig config, Device device)
        : base(nameof(QwenVisionAttention))
    {
        heads = config.NumHeads;
        qkv = new CompactLinear(config.HiddenSize, 3L * config.HiddenSize, hasBias: true, device);
        proj = new CompactLinear(config.HiddenSize, config.HiddenSize, hasBias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, RotaryTable rotary, AttentionSegments segments)
    {
        using var scope = NewDisposeScope();
        var packed = qkv.call(hidden).view(1, hidden.shape[0], 3, heads, -1).permute(2, 0, 3, 1, 4).contiguous(); // [3, 1, H, P, dh]
        var (q, k) = (Rope.Rotate(packed[0], rotary), Rope.Rotate(packed[1], rotary));
        return proj.call(segments.Attend(q, k, packed[2]).squeeze(0)).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// From a patch's pixels to its state. A convolution whose kernel is a whole patch is a product
/// (transformers Qwen2_5_VisionPatchEmbed): <c>[P, pixels]</c> to <c>[P, w]</c>.
/// </summary>
internal sealed class QwenPatchEmbedding : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "proj")]
    private readonly CompactLinear proj;

    public QwenPatchEmbedding(QwenVisionConfig config, Device device, bool hasBias = false)
        : base(nameof(QwenPatchEmbedding))
    {
        proj = new CompactLinear(config.PatchWidth, config.HiddenSize, hasBias, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor patches) => proj.call(patches);
}

/// <summary>The patches of a merged cell become one position of the language model (transformers Qwen2_5_VLPatchMerger): <c>[P, w]</c> to
/// <c>[P/4, D]</c>.</summary>
internal sealed class QwenPatchMerger : nn.Module<Tensor, Tensor>
{
    private readonly long cellWidth;
    private readonly Func<Parameter> bias;

    [ComponentName(Name = "ln_q")]
    private readonly nn.Module<Tensor, Tensor> norm;

    [ComponentName(Name = "mlp")]
    private readonly Sequential mlp;

    public QwenPatchMerger(QwenVisionConfig config, nn.Module<Tensor, Tensor> norm, Device device)
        : base(nameof(QwenPatchMerger))
    {
        this.norm = norm;
        cellWidth = (long)config.CellPatches * config.HiddenSize;
        var first = new CompactLinear(cellWidth, cellWidth, hasBias: true, device);
        bias = () => first.Bias!;
        mlp = nn.Sequential(
            ("0", first),
            ("1", nn.GELU()),
            ("2", new CompactLinear(cellWidth, config.OutHiddenSize, hasBias: true, device))
        );
        RegisterComponents();
    }

    /// <summary>A bias, which is where the network runs and of the type in which it does.</summary>
    public Parameter Bias => bias();

    public override Tensor forward(Tensor patches)
    {
        using var scope = NewDisposeScope();
        return mlp.call(norm.call(patches).view(-1, cellWidth)).MoveToOuterDisposeScope();
    }
}

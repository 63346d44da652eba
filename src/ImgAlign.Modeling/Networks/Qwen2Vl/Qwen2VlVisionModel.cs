using ImgAlign.Imaging;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Layers;
using ImgAlign.Networks.Qwen;
using ImgAlign.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Qwen2Vl;

/// <summary>
/// Qwen2-VL's vision tower (transformers Qwen2VisionTransformerPretrainedModel): patches of images to one feature for each merged cell.
/// Every block looks at all of an image, and at no other one.
/// </summary>
public sealed class Qwen2VlVisionModel : nn.Module<ImagePatches, Tensor>, IBlockNetwork
{
    private readonly QwenVisionConfig config;

    [ComponentName(Name = "patch_embed")]
    private readonly QwenPatchEmbedding patchEmbedding;

    [ComponentName(Name = "blocks")]
    private readonly ModuleList<Qwen2VlVisionBlock> blocks;

    private readonly BlockSequence<Qwen2VlVisionBlock> sequence;

    [ComponentName(Name = "merger")]
    private readonly QwenPatchMerger merger;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">Its sizes, as <see cref="Qwen2VlConfig"/> reads them.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public Qwen2VlVisionModel(QwenVisionConfig config, Device device)
        : base(nameof(Qwen2VlVisionModel))
    {
        this.config = config;
        patchEmbedding = new QwenPatchEmbedding(config, device);
        blocks = nn.ModuleList([.. Enumerable.Range(0, config.Depth).Select(_ => new Qwen2VlVisionBlock(config, device))]);
        sequence = new(blocks);
        var norm = nn.LayerNorm(config.HiddenSize, QwenVisionModel.NormEpsilon, device: device);
        merger = new QwenPatchMerger(config, norm, device);
        RegisterComponents();
    }

    BlockSequence IBlockNetwork.Blocks => sequence;

    /// <inheritdoc/>
    /// <param name="patches">The images, on the network's device.</param>
    /// <returns><c>[cells, D]</c>, image after image, cells row by row.</returns>
    /// <exception cref="ArgumentException">Patches and grids differ in number, a patch has another size, or a grid is not of whole merged
    /// cells.</exception>
    public override Tensor forward(ImagePatches patches)
    {
        TensorShape.Require(patches.Values, nameof(patches), patches.Grids.Sum(static grid => (long)grid.Count), config.PatchWidth);
        TensorDevice.Require(this, merger.Bias.device, patches.Values);
        using var scope = NewDisposeScope();
        var layout = PatchLayout.Create(patches.Grids, config);
        var rotary = QwenVisionModel.Positions(layout, config, patches.Values.device);
        var images = new AttentionSegments(layout.ImageLengths, patches.Values.device);

        var hidden = patchEmbedding.call(patches.Values.to(merger.Bias.dtype)); // [P, w]
        foreach (var block in sequence.InTurn())
        {
            var next = block.call(hidden, rotary, images);
            hidden.Dispose();
            hidden = next;
        }
        return merger.call(hidden).MoveToOuterDisposeScope();
    }
}

/// <summary>One block of the vision tower: attention and two linear layers, each behind a norm and around a residual (transformers
/// Qwen2VLVisionBlock).</summary>
internal sealed class Qwen2VlVisionBlock : nn.Module<Tensor, RotaryTable, AttentionSegments, Tensor>
{
    [ComponentName(Name = "norm1")]
    private readonly LayerNorm norm1;

    [ComponentName(Name = "attn")]
    private readonly QwenVisionAttention attention;

    [ComponentName(Name = "norm2")]
    private readonly LayerNorm norm2;

    [ComponentName(Name = "mlp")]
    private readonly ClipMlp feedForward;

    public Qwen2VlVisionBlock(QwenVisionConfig config, Device device)
        : base(nameof(Qwen2VlVisionBlock))
    {
        norm1 = nn.LayerNorm(config.HiddenSize, QwenVisionModel.NormEpsilon, device: device);
        attention = new QwenVisionAttention(config, device);
        norm2 = nn.LayerNorm(config.HiddenSize, QwenVisionModel.NormEpsilon, device: device);
        feedForward = new ClipMlp(config.HiddenSize, config.IntermediateSize, config.HiddenAct, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, RotaryTable rotary, AttentionSegments segments)
    {
        using var scope = NewDisposeScope();
        var attended = attention.call(norm1.call(hidden), rotary, segments).PlusInPlace(hidden);
        return feedForward.call(norm2.call(attended)).PlusInPlace(attended).MoveToOuterDisposeScope();
    }
}

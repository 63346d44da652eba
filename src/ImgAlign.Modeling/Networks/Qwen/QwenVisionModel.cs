using ImgAlign.Imaging;
using ImgAlign.Networks.Layers;
using ImgAlign.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Qwen;

/// <summary>
/// Qwen2.5-VL's vision tower (transformers Qwen2_5_VisionTransformerPretrainedModel): patches of images to one feature for each merged cell.
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
    public QwenVisionModel(QwenVisionConfig config, Device device) : base(nameof(QwenVisionModel))
    {
        this.config = config;
        patchEmbedding = new QwenPatchEmbedding(config, device);
        blocks = nn.ModuleList([.. Enumerable.Range(0, config.Depth).Select(_ => new QwenVisionBlock(config, device))]);
        sequence = new(blocks);
        merger = new QwenPatchMerger(config, device);
        RegisterComponents();
    }

    BlockSequence IBlockNetwork.Blocks => sequence;

    /// <inheritdoc/>
    /// <param name="patches">The images, on any device.</param>
    /// <returns><c>[cells, D]</c>, image after image, cells row by row.</returns>
    /// <exception cref="ArgumentException">Patches and grids differ in number, a patch has another size, or a grid is not of whole merged cells.</exception>
    public override Tensor forward(ImagePatches patches)
    {
        TensorShape.Require(patches.Values, nameof(patches), patches.Grids.Sum(static grid => (long)grid.Count), config.PatchWidth);
        var (device, type) = (merger.NormWeight.device, merger.NormWeight.dtype);
        TensorDevice.Require(this, device, patches.Values);
        using var scope = NewDisposeScope();
        var layout = PatchLayout.Create(patches.Grids, config);
        var order = tensor(layout.Cells.ToArray(), device: device);
        var rotary = Positions(layout, device);
        var windows = new AttentionSegments(layout.WindowLengths, device);
        var images = new AttentionSegments(layout.ImageLengths, device);

        var hidden = patchEmbedding.call(patches.Values.to(type));  // [P, w]
        hidden = hidden.view(layout.Cells.Count, config.CellPatches, -1).index_select(0, order).flatten(0, 1);
        foreach (var (index, block) in sequence.InTurn().Index())
        {
            var next = block.call(hidden, rotary, config.FullattBlockIndexes.Contains(index) ? images : windows);
            hidden.Dispose();
            hidden = next;
        }
        return merger.call(hidden).index_select(0, order.argsort()).MoveToOuterDisposeScope();
    }

    // Half of a head's pairs turn by the patch's row, the other half by its column; in float32 whatever the weights are.
    private RotaryTable Positions(PatchLayout layout, Device device)
    {
        var axis = Rope.Frequencies(config.HeadWidth / 2, RopeTheta, device);
        var positions = tensor([.. layout.Rows, .. layout.Columns], [2, 1, layout.Rows.Count], device: device);
        return Rope.Table(positions, cat([axis, axis]), [config.HeadWidth / 4, config.HeadWidth / 4], float32);
    }
}

using ImgAlign.Imaging;
using ImgAlign.Networks.Layers;
using ImgAlign.Networks.Qwen;
using ImgAlign.Networks.Qwen2Vl;
using ImgAlign.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Qwen3Vl;

/// <summary>
/// Qwen3-VL's vision tower (transformers Qwen3VLVisionModel): patches of images to features of merged cells, from its last block and from
/// some before. The blocks are Qwen2-VL's; positions are turned and, from a table, added.
/// </summary>
public sealed class Qwen3VlVisionModel : nn.Module<ImagePatches, Qwen3VlFeatures>, IBlockNetwork
{
    private readonly Qwen3VlConfig config;

    [ComponentName(Name = "patch_embed")]
    private readonly QwenPatchEmbedding patchEmbedding;

    [ComponentName(Name = "pos_embed")]
    private readonly EmbeddingTable positionTable;

    [ComponentName(Name = "blocks")]
    private readonly ModuleList<Qwen2VlVisionBlock> blocks;

    private readonly BlockSequence<Qwen2VlVisionBlock> sequence;

    [ComponentName(Name = "merger")]
    private readonly Qwen3VlPatchMerger merger;

    [ComponentName(Name = "deepstack_merger_list")]
    private readonly ModuleList<Qwen3VlPatchMerger> deepstackMergers;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">Its sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public Qwen3VlVisionModel(Qwen3VlConfig config, Device device)
        : base(nameof(Qwen3VlVisionModel))
    {
        this.config = config;
        var vision = config.Vision;
        patchEmbedding = new QwenPatchEmbedding(vision, device, hasBias: true);
        positionTable = new EmbeddingTable(config.PositionTableSide * config.PositionTableSide, vision.HiddenSize, device);
        blocks = nn.ModuleList([.. Enumerable.Range(0, vision.Depth).Select(_ => new Qwen2VlVisionBlock(vision, device))]);
        sequence = new(blocks);
        merger = new Qwen3VlPatchMerger(vision, normsCells: false, device);
        deepstackMergers = nn.ModuleList([.. config.DeepstackBlocks.Select(_ => new Qwen3VlPatchMerger(vision, normsCells: true, device))]);
        RegisterComponents();
    }

    BlockSequence IBlockNetwork.Blocks => sequence;

    /// <inheritdoc/>
    /// <param name="patches">The images, on the network's device.</param>
    /// <returns>Image after image, cells row by row; disposed by the caller.</returns>
    /// <exception cref="ArgumentException">Patches and grids differ in number, a patch has another size, or a grid is not of whole merged
    /// cells.</exception>
    public override Qwen3VlFeatures forward(ImagePatches patches)
    {
        var count = patches.Grids.Sum(static grid => (long)grid.Count);
        TensorShape.Require(patches.Values, nameof(patches), count, config.Vision.PatchWidth);
        var device = positionTable.Weight.device;
        TensorDevice.Require(this, device, patches.Values);
        using var scope = NewDisposeScope();
        var layout = PatchLayout.Create(patches.Grids, config.Vision);
        var rotary = QwenVisionModel.Positions(layout, config.Vision, device);
        var images = new AttentionSegments(layout.ImageLengths, device);

        var hidden = patchEmbedding.call(patches.Values.to(positionTable.Weight.dtype)); // [P, w]
        hidden = hidden.PlusInPlace(EmbedPositions(patches.Grids));
        var deepstack = new Tensor[config.DeepstackBlocks.Count];
        foreach (var (index, block) in sequence.InTurn().Index())
        {
            var next = block.call(hidden, rotary, images);
            hidden.Dispose();
            hidden = next;
            foreach (var (place, _) in config.DeepstackBlocks.Index().Where(tapped => tapped.Item == index))
                deepstack[place] = deepstackMergers[place].call(hidden).MoveToOuterDisposeScope();
        }
        return new(merger.call(hidden).MoveToOuterDisposeScope(), deepstack);
    }

    /// <summary>The places of patches in the table, whose corners are the corners of every image, read between its entries.</summary>
    /// <param name="grids">The patches of each image.</param>
    /// <returns><c>[P, w]</c>; disposed by the caller.</returns>
    public Tensor EmbedPositions(IReadOnlyList<PatchGrid> grids)
    {
        using var scope = NewDisposeScope();
        var layout = PatchLayout.Create(grids, config.Vision);
        var sizes = grids.SelectMany(static grid => Enumerable.Repeat(grid, grid.Count)).ToList();
        var (rows, columns) = (new TablePlace[sizes.Count], new TablePlace[sizes.Count]);
        foreach (var (patch, grid) in sizes.Index())
        {
            rows[patch] = Place(layout.Rows[patch], grid.Rows);
            columns[patch] = Place(layout.Columns[patch], grid.Columns);
        }
        var device = positionTable.Weight.device;
        var corners = new[] { (false, false), (false, true), (true, false), (true, true) }.Select(corner =>
        {
            var (down, right) = corner;
            var places = rows.Zip(columns, (row, column) => row.At(down) * config.PositionTableSide + column.At(right));
            var shares = rows.Zip(columns, (row, column) => (float)(row.ShareOf(down) * column.ShareOf(right)));
            var embedded = positionTable.call(tensor(places.ToArray(), device: device));
            return embedded * tensor(shares.ToArray(), [sizes.Count, 1], device: device).to(embedded.dtype);
        });
        return corners.Aggregate(static (sum, corner) => sum.PlusInPlace(corner)).MoveToOuterDisposeScope();
    }

    private TablePlace Place(long patch, int count)
    {
        var last = config.PositionTableSide - 1;
        var place = count == 1 ? 0 : (double)patch * last / (count - 1);
        var before = (long)place;
        return new(before, Math.Min(before + 1, last), place - before);
    }

    // A place between two entries of the table, and how far it is from the first to the second.
    private readonly record struct TablePlace(long Before, long After, double Share)
    {
        public long At(bool isAfter) => isAfter ? After : Before;

        public double ShareOf(bool isAfter) => isAfter ? Share : 1 - Share;
    }
}

/// <summary>The patches of a merged cell become one position of the language model (transformers Qwen3VLVisionPatchMerger): <c>[P, w]</c> to
/// <c>[P/4, D]</c>.</summary>
internal sealed class Qwen3VlPatchMerger : nn.Module<Tensor, Tensor>
{
    private readonly bool normsCells;
    private readonly long cellWidth;

    [ComponentName(Name = "norm")]
    private readonly LayerNorm norm;

    [ComponentName(Name = "linear_fc1")]
    private readonly CompactLinear first;

    [ComponentName(Name = "linear_fc2")]
    private readonly CompactLinear second;

    public Qwen3VlPatchMerger(QwenVisionConfig config, bool normsCells, Device device)
        : base(nameof(Qwen3VlPatchMerger))
    {
        this.normsCells = normsCells;
        cellWidth = (long)config.CellPatches * config.HiddenSize;
        norm = nn.LayerNorm(normsCells ? cellWidth : config.HiddenSize, QwenVisionModel.NormEpsilon, device: device);
        first = new CompactLinear(cellWidth, cellWidth, hasBias: true, device);
        second = new CompactLinear(cellWidth, config.OutHiddenSize, hasBias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor patches)
    {
        using var scope = NewDisposeScope();
        var cells = normsCells ? norm.call(patches.view(-1, cellWidth)) : norm.call(patches).view(-1, cellWidth);
        return second.call(nn.functional.gelu(first.call(cells))).MoveToOuterDisposeScope();
    }
}

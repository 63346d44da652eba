using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;

namespace ImgAlign.Networks.Qwen;

/// <summary>The sizes of Qwen2.5-VL's vision tower, as <c>vision_config</c> gives them; defaults are those of transformers'
/// Qwen2_5_VLVisionConfig.</summary>
public sealed record QwenVisionConfig
{
    /// <summary>The number of blocks.</summary>
    public int Depth { get; init; } = 32;

    /// <summary>The width of a patch's state, w.</summary>
    public int HiddenSize { get; init; } = 3584;

    /// <summary>The width inside the feed-forward part.</summary>
    public int IntermediateSize { get; init; } = 3420;

    /// <summary>The activation of the feed-forward part.</summary>
    public string HiddenAct { get; init; } = "silu";

    /// <summary>The number of heads.</summary>
    public int NumHeads { get; init; } = 16;

    /// <summary>The channels of an image.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>The side of a patch in pixels.</summary>
    public int PatchSize { get; init; } = 14;

    /// <summary>The frames of a patch.</summary>
    public int TemporalPatchSize { get; init; } = 2;

    /// <summary>The side of a merged cell in patches.</summary>
    public int SpatialMergeSize { get; init; } = 2;

    /// <summary>The side of an attention window in pixels.</summary>
    public int WindowSize { get; init; } = 112;

    /// <summary>The blocks in which all patches of an image see each other.</summary>
    public IReadOnlyList<int> FullattBlockIndexes { get; init; } = [7, 15, 23, 31];

    /// <summary>The width of what comes out for a merged cell, the language model's.</summary>
    public int OutHiddenSize { get; init; } = 3584;

    /// <summary>The width of a head.</summary>
    internal int HeadWidth => HiddenSize / NumHeads;

    /// <summary>The numbers of a patch.</summary>
    internal int PatchWidth => InChannels * TemporalPatchSize * PatchSize * PatchSize;

    /// <summary>The patches of a merged cell.</summary>
    public int CellPatches => SpatialMergeSize * SpatialMergeSize;

    /// <summary>The side of an attention window in merged cells.</summary>
    internal int WindowCells => WindowSize / PatchSize / SpatialMergeSize;

    /// <summary>An upper estimate of the numbers that are in memory at once while images are read, beside the weights: no pairs of
    /// patches.</summary>
    public long CountActivations(long patches) => patches * (PatchWidth + 16L * HiddenSize + 3L * IntermediateSize);

    /// <summary>Reads the fields of a <c>vision_config</c>.</summary>
    /// <param name="json">The object with the fields.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="ImgAlignException">A field is of the wrong kind, sizes do not fit each other, or an option is not
    /// supported.</exception>
    public static QwenVisionConfig FromJson(JsonElement json, string source) =>
        ConfigFile.Parse<QwenVisionConfig>(json, source).Checked(source);

    /// <summary>The same, unless no tower can have these sizes.</summary>
    /// <exception cref="ImgAlignException">None can.</exception>
    internal QwenVisionConfig Checked(string source)
    {
        if (
            new[] { Depth, HiddenSize, IntermediateSize, NumHeads, PatchSize, TemporalPatchSize, SpatialMergeSize, OutHiddenSize }.Min() < 1
        )
            throw new ImgAlignException($"{source}: every size of a Qwen's vision tower must be at least 1.");
        if (InChannels != 3)
            throw new ImgAlignException($"{source}: in_channels is {InChannels}, but images have 3.");
        if (HiddenSize % NumHeads != 0 || HeadWidth % 4 != 0)
            throw new ImgAlignException(
                $"{source}: hidden_size {HiddenSize} of the vision tower must give its {NumHeads} heads a width that is a "
                    + "multiple of 4, for pairs on two axes."
            );
        if (WindowCells < 1)
            throw new ImgAlignException($"{source}: a window of {WindowSize} pixels is smaller than a merged cell.");
        _ = Activation.ByName(HiddenAct);
        return this;
    }
}

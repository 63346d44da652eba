using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Clip;

/// <summary>The ways in which published files name a tower: with and without its own prefix, alone or in a file with the other
/// tower.</summary>
public static class ClipNames
{
    private const string TextEmbedding = "embeddings.token_embedding.weight",
        VisionEmbedding = "embeddings.patch_embedding.weight";

    /// <summary>The end of a buffer's name that older files hold: 0, 1, 2, ...</summary>
    public const string PositionIds = "position_ids";

    /// <summary>The text encoder of a checkpoint that holds no other one.</summary>
    /// <exception cref="CheckpointException">There is none, or there are several.</exception>
    public static CheckpointPart FindText(Checkpoint file) =>
        CheckpointPart.Find(file, "CLIP text encoder", new Landmark("text_model." + TextEmbedding), new Landmark(TextEmbedding));

    /// <summary>The image encoder of a checkpoint.</summary>
    /// <exception cref="CheckpointException">There is none, or there are several.</exception>
    public static CheckpointPart FindVision(Checkpoint file) =>
        CheckpointPart.Find(file, "CLIP image encoder", new Landmark("vision_model." + VisionEmbedding), new Landmark(VisionEmbedding));

    /// <summary>How a tower's parameters are named in a checkpoint.</summary>
    /// <param name="checkpoint">The checkpoint; only its names are looked at.</param>
    /// <param name="prefix">What stands in front of all of the model's names, with its dot; usually nothing.</param>
    /// <param name="tower"><c>text_model.</c> or <c>vision_model.</c>, which files written by transformers 5 leave out.</param>
    /// <param name="projection">The projection's name, which stands beside the tower.</param>
    /// <param name="hasProjection">Whether the network was built with the projection.</param>
    /// <param name="unused">Names within the tower that the network was built without.</param>
    public static WeightMap Map(
        Checkpoint checkpoint,
        string prefix,
        string tower,
        string projection,
        bool hasProjection,
        Func<string, bool> unused
    )
    {
        var hasTower = checkpoint.Tensors.Keys.Any(name => name.StartsWith(prefix + tower, StringComparison.Ordinal));
        var inner = hasTower ? prefix + tower : prefix;
        return new WeightMap(
            name => new WeightSource.Whole((name.StartsWith(projection, StringComparison.Ordinal) ? prefix : inner) + name),
            name =>
                !name.StartsWith(inner, StringComparison.Ordinal)
                || name.EndsWith("." + PositionIds, StringComparison.Ordinal)
                || !hasProjection && name.StartsWith(prefix + projection, StringComparison.Ordinal)
                || unused(name[inner.Length..])
        );
    }

    /// <summary>The names of what a tower lacks that ends before its last block.</summary>
    public static Func<string, bool> AfterPenultimate(ClipTowerConfig config, string finalNorm) =>
        name =>
            name.StartsWith($"encoder.layers.{config.NumHiddenLayers - 1}.", StringComparison.Ordinal)
            || name.StartsWith(finalNorm, StringComparison.Ordinal);
}

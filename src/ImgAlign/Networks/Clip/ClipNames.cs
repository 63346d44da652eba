using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Clip;

/// <summary>The ways in which published files name a tower: with and without its own prefix, alone or in a file with the other tower.</summary>
internal static class ClipNames
{
    /// <summary>How a tower's parameters are named in a checkpoint.</summary>
    /// <param name="checkpoint">The checkpoint; only its names are looked at.</param>
    /// <param name="prefix">What stands in front of all of the model's names, with its dot; usually nothing.</param>
    /// <param name="tower"><c>text_model.</c> or <c>vision_model.</c>, which files written by transformers 5 leave out.</param>
    /// <param name="projection">The projection's name, which stands beside the tower.</param>
    /// <param name="unused">Names within the tower that the network was built without.</param>
    public static WeightMap Map(Checkpoint checkpoint, string prefix, string tower, string projection, Func<string, bool> unused)
    {
        var hasTower = checkpoint.Tensors.Keys.Any(name => name.StartsWith(prefix + tower, StringComparison.Ordinal));
        var inner = hasTower ? prefix + tower : prefix;
        return new WeightMap(
            name => new WeightSource.Whole((name.StartsWith(projection, StringComparison.Ordinal) ? prefix : inner) + name),
            name => !name.StartsWith(inner, StringComparison.Ordinal)
                || name.EndsWith(".position_ids", StringComparison.Ordinal)  // a buffer that older files hold: 0, 1, 2, ...
                || unused(name[inner.Length..]));
    }

    /// <summary>The names of what a tower lacks that ends before its last block.</summary>
    public static Func<string, bool> AfterPenultimate(ClipTowerConfig config, string finalNorm) =>
        name => name.StartsWith($"encoder.layers.{config.NumHiddenLayers - 1}.", StringComparison.Ordinal) || name.StartsWith(finalNorm, StringComparison.Ordinal);
}

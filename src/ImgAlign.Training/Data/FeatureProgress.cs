namespace ImgAlign.Training.Data;

/// <summary>How far the making of features is.</summary>
public sealed class FeatureProgress
{
    internal FeatureProgress(string folder, int made, int shards, long bytes) =>
        (Folder, Made, Shards, Bytes) = (folder, made, shards, bytes);

    /// <summary>Where they go.</summary>
    public string Folder { get; }

    /// <summary>The shards that are there.</summary>
    public int Made { get; }

    /// <summary>The number of all shards.</summary>
    public int Shards { get; }

    /// <summary>What all of them will take about on disk.</summary>
    public long Bytes { get; }
}

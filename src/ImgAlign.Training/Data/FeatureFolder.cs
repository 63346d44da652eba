using System.Globalization;
using ImgAlign.Training.Aligner;

namespace ImgAlign.Training.Data;

/// <summary>
/// Features of frozen networks for preference pairs, in a folder: <c>features.json</c> says what it holds, and
/// <c>shard-00000.safetensors</c> and so on hold it (<see cref="FeatureShard"/>). Shards may be made in any order and by several processes:
/// each is whole or not there, and is the same whoever makes it.
/// </summary>
public sealed class FeatureFolder
{
    /// <summary>The file that says what a folder holds.</summary>
    internal const string FileName = "features.json";

    private const long ShardBytes = 1 << 28;

    private readonly FeaturePlan plan;

    private FeatureFolder(string path, FeaturePlan plan) => (Path, this.plan) = (path, plan);

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>The number of shards, those that are not there yet counted.</summary>
    public int ShardCount => plan.Shards.Count;

    /// <summary>Where the pairs are.</summary>
    internal string Data => plan.Data;

    internal bool HoldsHiddenStates => plan.Models.Detector is not null;

    /// <summary>Whether a folder holds features, or will.</summary>
    /// <param name="path">The folder.</param>
    internal static bool IsAt(string path) => File.Exists(System.IO.Path.Combine(path, FileName));

    /// <summary>Opens a folder.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="ImgAlignException">It holds no features.</exception>
    public static FeatureFolder Open(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        return IsAt(full)
            ? new FeatureFolder(full, FeaturePlan.Read(System.IO.Path.Combine(full, FileName)))
            : throw new ImgAlignException($"{path}: there are no features ({FileName} is missing); make them with imgalign features.");
    }

    /// <summary>Says what a folder will hold, or opens it where it is said already; nothing is computed yet.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="data">The pairs: a folder with <c>pairs.jsonl</c>, or Parquet, a file or a folder.</param>
    /// <param name="models">The networks.</param>
    /// <param name="keepHiddenStates">Whether the detector's hidden states are kept; every pair then has one question.</param>
    /// <param name="pairsPerShard">The most pairs of a shard; null: as many as take 256 MB or so.</param>
    /// <exception cref="ImgAlignException">There are no pairs, or the folder holds something else.</exception>
    public static FeatureFolder Begin(
        string path,
        string data,
        FrozenModels models,
        bool keepHiddenStates = false,
        int? pairsPerShard = null
    )
    {
        var plan = Plan(data, models, keepHiddenStates, pairsPerShard, limit: long.MaxValue);
        if (!IsAt(path))
            return Create(path, plan);
        var folder = Open(path);
        if (folder.plan.Fingerprint == plan.Fingerprint)
            return folder;
        folder.Require(models, keepHiddenStates);
        throw new ImgAlignException($"{path} holds features of other data, or in other parts; name another folder, or delete it.");
    }

    /// <summary>The same in a folder within a cache that is named by what it holds, so that it never holds something else.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="name">What the folder's name begins with.</param>
    /// <param name="data">The pairs, as for <see cref="Begin"/>.</param>
    /// <param name="models">The networks.</param>
    /// <param name="keepHiddenStates">Whether the detector's hidden states are kept.</param>
    /// <param name="pairsPerShard">The most pairs of a shard; null: as many as take 256 MB or so.</param>
    /// <param name="limit">The most pairs that are wanted; no shard has more of them.</param>
    /// <exception cref="ImgAlignException">There are no pairs.</exception>
    public static FeatureFolder BeginInCache(
        string cache,
        string name,
        string data,
        FrozenModels models,
        bool keepHiddenStates = false,
        int? pairsPerShard = null,
        long limit = long.MaxValue
    )
    {
        var plan = Plan(data, models, keepHiddenStates, pairsPerShard, limit);
        var path = System.IO.Path.Combine(cache, $"{name}-{plan.Fingerprint}");
        return IsAt(path) ? Open(path) : Create(path, plan);
    }

    /// <summary>The shards that are not there yet.</summary>
    public IReadOnlyList<int> FindMissing() => [.. Enumerable.Range(0, ShardCount).Where(shard => !File.Exists(FileOf(shard)))];

    /// <summary>Makes a shard, unless it is there. Call it on the thread of the models' device.</summary>
    /// <param name="shard">Which one, from 0.</param>
    /// <param name="models">The networks; borrowed.</param>
    /// <param name="cancellationToken">Ends it between two pairs; nothing is left behind.</param>
    /// <exception cref="ImgAlignException">The networks are not those of the folder, or the data are broken.</exception>
    public void Make(int shard, FrozenModels models, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentOutOfRangeException.ThrowIfNegative(shard);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(shard, ShardCount);
        Require(models, HoldsHiddenStates);
        if (!File.Exists(FileOf(shard)))
            FeatureMaker.Make(FileOf(shard), PairSource.Read(plan.Data, plan.Shards[shard]), models, HoldsHiddenStates, cancellationToken);
    }

    /// <summary>Makes all shards that are not there. Call it on the thread of the models' device.</summary>
    /// <param name="models">The networks; borrowed.</param>
    /// <param name="progress">Receives every shard, and once before the first; not at all where all are there.</param>
    /// <param name="cancellationToken">Ends it between two pairs; shards that are whole stay.</param>
    /// <inheritdoc cref="Make" path="/exception"/>
    public void MakeMissing(FrozenModels models, IProgress<FeatureProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var missing = FindMissing();
        foreach (var (place, shard) in missing.Index())
        {
            progress?.Report(ProgressAt(ShardCount - missing.Count + place));
            Make(shard, models, cancellationToken);
        }
        if (missing.Count > 0)
            progress?.Report(ProgressAt(ShardCount));
    }

    /// <summary>Makes shards, in their order, until they have as many pairs that can be used. Call it on the thread of the models'
    /// device.</summary>
    /// <param name="usable">How many pairs are wanted; all shards are made where they have fewer.</param>
    /// <param name="models">The networks; borrowed.</param>
    /// <param name="progress">Receives every shard before it is made, as if it were the last.</param>
    /// <param name="cancellationToken">Ends it between two pairs; shards that are whole stay.</param>
    /// <inheritdoc cref="Make" path="/exception"/>
    internal void MakeFirst(
        long usable,
        FrozenModels models,
        IProgress<FeatureProgress>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        for (var shard = 0; shard < ShardCount && usable > 0; shard++)
        {
            if (!File.Exists(FileOf(shard)))
                progress?.Report(ProgressAt(shard, shard + 1));
            Make(shard, models, cancellationToken);
            usable -= FeatureShard.ReadHeader(FileOf(shard)).Pairs;
        }
    }

    /// <summary>What there is to say when some shards are there.</summary>
    /// <param name="made">How many.</param>
    public FeatureProgress ProgressAt(int made) => ProgressAt(made, ShardCount);

    /// <summary>The shards, each of which must be there when its turn comes.</summary>
    /// <exception cref="ImgAlignException">One is not, or is damaged.</exception>
    internal IEnumerable<(string File, int Pairs, IReadOnlyList<string> LeftOut)> ReadHeaders()
    {
        for (var shard = 0; shard < ShardCount; shard++)
        {
            var file = FileOf(shard);
            if (!File.Exists(file))
                throw new ImgAlignException(
                    $"{Path}: {FindMissing().Count} of {ShardCount} shards of features are not there, the first of them is "
                        + $"{System.IO.Path.GetFileName(file)}; make them with imgalign features."
                );
            var (pairs, leftOut) = FeatureShard.ReadHeader(file);
            yield return (file, pairs, leftOut);
        }
    }

    /// <exception cref="ImgAlignException">These features are those of other networks.</exception>
    internal void Require(FrozenModels models, bool keepHiddenStates)
    {
        var asked = FeatureModels.Of(models, keepHiddenStates);
        if (asked != plan.Models)
            throw new ImgAlignException(
                $"{Path} holds features of other models ({plan.Models}) than these ({asked}); name those models, or make the "
                    + "features of these in another folder."
            );
    }

    private static FeaturePlan Plan(string data, FrozenModels models, bool keepHiddenStates, int? pairsPerShard, long limit)
    {
        ArgumentException.ThrowIfNullOrEmpty(data);
        ArgumentNullException.ThrowIfNull(models);
        var source = System.IO.Path.GetFullPath(data);
        var seenBy = FeatureModels.Of(models, keepHiddenStates);
        var pairs = (int)Math.Min(pairsPerShard ?? Math.Max(1, ShardBytes / seenBy.BytesOfPair), limit);
        return new FeaturePlan(FeaturePlan.Current, source, PairSource.Fingerprint(source), seenBy, PairSource.Split(source, pairs));
    }

    private static FeatureFolder Create(string path, FeaturePlan plan)
    {
        var full = Directory.CreateDirectory(path).FullName;
        plan.Write(System.IO.Path.Combine(full, FileName));
        return new FeatureFolder(full, plan);
    }

    private FeatureProgress ProgressAt(int made, int shards) =>
        new(Path, made, shards, plan.Shards.Take(shards).Sum(static shard => (long)shard.Count) * plan.Models.BytesOfPair);

    private string FileOf(int shard) =>
        System.IO.Path.Combine(Path, string.Create(CultureInfo.InvariantCulture, $"shard-{shard:00000}.safetensors"));
}

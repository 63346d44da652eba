using ImgAlign.Detectors;
using ImgAlign.Imaging;
using ImgAlign.Training.Data;

namespace ImgAlign.Training.Aligner;

/// <summary>
/// Preference pairs as the frozen networks see them, out of the shards of a <see cref="FeatureFolder"/>. No more shards are open than an
/// epoch mixes at a time. Where a folder holds no hidden states, the detector reads each rejected picture when it is wanted, with the
/// question that the sample draws.
/// </summary>
public sealed class FrozenFeatures : IPreferenceFeatures, IDisposable
{
    // A caption must fit into every question.
    private static readonly string LongestQuestion = Questions.Templates.MaxBy(static template => template.Length)!;

    private readonly FrozenModels models;
    private readonly bool holdsHiddenStates;
    private readonly List<string> files = []; // of shards that have pairs
    private readonly List<int> starts = []; // the place of each one's first pair
    private readonly List<int> parts = [];
    private readonly List<string> leftOut = [];
    private readonly List<FeatureShard> open = []; // the one that was wanted last is the last

    /// <summary>Reads the headers of all shards.</summary>
    /// <param name="models">The networks that the features come from; borrowed.</param>
    /// <param name="folder">The features, all of which are there.</param>
    /// <param name="heldOut">Those that are held out, which come last; null: none.</param>
    /// <param name="heldOutCount">The most of them that are used, the first; shards behind those need not be there.</param>
    /// <exception cref="ImgAlignException">Shards are missing or damaged, or of other networks, or no pair can be used.</exception>
    public FrozenFeatures(FrozenModels models, FeatureFolder folder, FeatureFolder? heldOut = null, int heldOutCount = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(folder);
        this.models = models;
        holdsHiddenStates = folder.HoldsHiddenStates;
        Add(folder, int.MaxValue);
        if (heldOut is null)
            return;
        var trained = Count;
        Add(heldOut, heldOutCount);
        HeldOut = Count - trained;
    }

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<int> Parts => parts;

    /// <summary>How many of the pairs are held out, the last.</summary>
    internal int HeldOut { get; }

    /// <summary>Why pairs were left out.</summary>
    internal IReadOnlyList<string> LeftOut => leftOut;

    /// <summary>The shards that are open.</summary>
    internal int OpenShards => open.Count;

    /// <inheritdoc/>
    public string? FindProblem(int index)
    {
        if (holdsHiddenStates)
            return null; // what cannot be asked was left out
        try
        {
            var (shard, place) = Find(index);
            models.Detector.CheckQuestion(Questions.Ask(models.Question ?? LongestQuestion, Read(shard, open => open.Caption(place))));
            return null;
        }
        catch (InvalidRequestException exception)
        {
            return exception.Message;
        }
    }

    /// <inheritdoc/>
    public PreferenceFeatures Read(SampleDraw sample)
    {
        var (shard, place) = Find(sample.Index);
        return Read(
            shard,
            open =>
            {
                var pair = open.Read(place);
                return new PreferenceFeatures(pair.HiddenStates ?? Detect(pair, sample), pair.Preferred, pair.Rejected);
            }
        );
    }

    /// <summary>Closes all shards; they are opened again when they are wanted.</summary>
    public void Dispose()
    {
        open.ForEach(static shard => shard.Dispose());
        open.Clear();
    }

    private void Add(FeatureFolder folder, int most)
    {
        folder.Require(models, holdsHiddenStates);
        var (countBefore, leftOutBefore) = (Count, leftOut.Count);
        foreach (var (file, pairs, reasons) in folder.ReadHeaders())
        {
            leftOut.AddRange(reasons);
            if (pairs == 0)
                continue;
            var taken = Math.Min(pairs, most);
            files.Add(file);
            starts.Add(Count);
            parts.Add(taken);
            Count += taken;
            most -= taken;
            if (most == 0)
                break;
        }
        if (Count == countBefore)
            throw new ImgAlignException(
                $"{folder.Data}: none of these pairs can be used ({leftOut.ElementAtOrDefault(leftOutBefore) ?? "all are ties"}); "
                    + "repair them, or name others."
            );
    }

    private (int Shard, int Place) Find(int index)
    {
        var found = starts.BinarySearch(index);
        var shard = found >= 0 ? found : ~found - 1;
        return (shard, index - starts[shard]);
    }

    private T Read<T>(int shard, Func<FeatureShard, T> read)
    {
        var known = open.Find(one => one.Path == files[shard]);
        if (known is null)
        {
            known = new FeatureShard(files[shard]);
            if (open.Count == DataOrder.Window)
            {
                open[0].Dispose();
                open.RemoveAt(0);
            }
        }
        else
            open.Remove(known);
        open.Add(known);
        return read(known);
    }

    private TorchSharp.torch.Tensor Detect(PairFeatures pair, SampleDraw sample) =>
        FeatureMaker.Detect(
            models.Detector,
            ImageFile.Decode(pair.Picture, "The picture"),
            Questions.Ask(models.Question ?? Questions.Draw(sample.Seed), pair.Caption)
        );
}

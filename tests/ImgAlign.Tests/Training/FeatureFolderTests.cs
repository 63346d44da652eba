using ImgAlign.Imaging;
using ImgAlign.Runtime;
using ImgAlign.Testing.Reference;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Training;
using ImgAlign.Training.Aligner;
using ImgAlign.Training.Data;
using TorchSharp;

namespace ImgAlign.Tests.Training;

/// <summary>Shards of features, with the colour world's models.</summary>
public sealed class FeatureFolderTests : IDisposable
{
    private static readonly string Samples = Path.GetFullPath(Path.Combine(TestData.Golden, "..", "..", "samples", "train"));

    private readonly TemporaryFolder folder = new();
    private readonly DisposeScope scope = torch.NewDisposeScope();
    private readonly DeviceRuntime runtime = new(new RuntimeOptions { Threads = 1 });
    private readonly FrozenModels models;

    public FeatureFolderTests() => models = Models("prompt", "detector");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Shards_hold_what_the_networks_see(bool keepHiddenStates)
    {
        var made = Make("features", Samples, keepHiddenStates, pairsPerShard: 3);
        Assert.Equal([3, 3, 2], made.ReadHeaders().Select(shard => shard.Pairs));
        using var features = new FrozenFeatures(models, made, heldOut: made, heldOutCount: 4);
        Assert.Equal((12, 4), (features.Count, features.HeldOut));
        Assert.Equal([3, 3, 2, 3, 1], features.Parts);

        var pairs = PreferenceFolder.Read(Samples);
        foreach (var (index, pair) in pairs.Concat(pairs.Take(4)).Index())
        {
            Assert.Null(features.FindProblem(index));
            var read = features.Read(new SampleDraw(index, index, Seed: 5));
            Assert.Equal(Values(Encode(pair.Preferred)), Values(read.Preferred));
            Assert.Equal(Values(Encode(pair.Rejected)), Values(read.Rejected));
            Assert.Equal(6, read.HiddenStates.shape[1]);
        }
    }

    [Fact]
    public void What_is_there_is_not_made_again_and_what_is_missing_is_made_the_same()
    {
        var made = Make("features", Samples, pairsPerShard: 3);
        var before = Directory.GetFiles(made.Path).ToDictionary(file => file, File.ReadAllBytes);
        Assert.Equal(4, before.Count);
        var lost = Path.Combine(made.Path, "shard-00001.safetensors");
        File.Delete(lost);
        var reports = new List<FeatureProgress>();
        var again = FeatureFolder.Begin(made.Path, Samples, models, pairsPerShard: 3);
        Assert.Equal([1], again.FindMissing());
        again.MakeMissing(models, new Reports(reports.Add));
        Assert.Equal([(2, 3), (3, 3)], reports.Select(report => (report.Made, report.Shards)));
        Assert.All(before, file => Assert.Equal(file.Value, File.ReadAllBytes(file.Key)));

        reports.Clear();
        again.MakeMissing(models, new Reports(reports.Add));
        Assert.Empty(reports);
    }

    [Fact]
    public void Pairs_that_cannot_be_used_are_left_out_with_the_reason()
    {
        folder.Write("data/broken.png", "no picture");
        WritePairs(
            "data",
            Line("a", "broken.png"),
            Line(" ", Picture("red-circle.png")),
            Line("b", "missing.png"),
            "",
            Line("c", Picture("red-circle.png")),
            Line("d", Picture("red-circle.png"))
        );
        var made = Make("features", folder.File("data"), pairsPerShard: 3);
        using var features = new FrozenFeatures(models, made);
        Assert.Equal((2, 1), (features.Count, features.Parts.Count)); // nothing is left of the first shard
        Assert.Equal(3, features.LeftOut.Count);
        Assert.Contains("broken.png", features.LeftOut[0], StringComparison.Ordinal);
        Assert.Contains("The caption of", features.LeftOut[1], StringComparison.Ordinal);
        Assert.Contains("missing.png: there is no such picture.", features.LeftOut[2], StringComparison.Ordinal);
    }

    [Fact]
    public void As_many_pairs_are_held_out_as_can_be_used()
    {
        var good = Line("a", Picture("red-circle.png"));
        WritePairs("data", Line("a", "missing.png"), Line("b", "missing.png"), good, Line("c", "missing.png"), good, good, good, good);
        var heldOut = FeatureFolder.BeginInCache(folder.File("cache"), "held-out", folder.File("data"), models, limit: 2);
        var reports = new List<FeatureProgress>();
        heldOut.MakeFirst(2, models, new Reports(reports.Add));
        Assert.Equal([3], heldOut.FindMissing()); // two pairs a shard, and the third has the second good one
        Assert.Equal([(0, 1), (1, 2), (2, 3)], reports.Select(report => (report.Made, report.Shards)));
        using var features = new FrozenFeatures(models, Make("features", Samples), heldOut, heldOutCount: 2);
        Assert.Equal((2, 3), (features.HeldOut, features.LeftOut.Count));
    }

    [Fact]
    public void Data_of_which_no_pair_can_be_used_are_refused_with_the_first_reason()
    {
        WritePairs("data", Line("a", "missing.png"), Line(" ", Picture("red-circle.png")));
        var (good, useless) = (Make("features", Samples), Make("useless", folder.File("data")));
        foreach (var use in new Action[] { () => Open(good, useless), () => Open(useless, good) })
        {
            var message = Assert.Throws<ImgAlignException>(use).Message;
            Assert.StartsWith($"{folder.File("data")}: none of these pairs can be used", message, StringComparison.Ordinal);
            Assert.Contains("missing.png: there is no such picture.", message, StringComparison.Ordinal);
        }

        void Open(FeatureFolder trained, FeatureFolder heldOut) => new FrozenFeatures(models, trained, heldOut).Dispose();
    }

    [Theory]
    [InlineData("other prompt", "detector", "of other models (4 x 3 of the image prompt prompt")]
    [InlineData("prompt", "other detector", "than these (4 x 3 of the image prompt prompt, hidden states of the detector other detector)")]
    public void Features_of_other_models_are_refused(string imagePrompt, string detector, string expected)
    {
        var made = Make("features", Samples, keepHiddenStates: true);
        var others = Models(imagePrompt, detector);
        foreach (
            var use in new Action[]
            {
                () => FeatureFolder.Begin(made.Path, Samples, others, keepHiddenStates: true),
                () => FeatureFolder.Open(made.Path).Make(0, others),
                () => new FrozenFeatures(others, made).Dispose(),
            }
        )
            Assert.Contains(expected, Assert.Throws<ImgAlignException>(use).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Features_of_other_data_are_refused_or_kept_apart()
    {
        folder.Link(Samples, "data");
        var made = Make("features", folder.File("data"));
        var cached = FeatureFolder.BeginInCache(folder.File("cache"), "pairs", folder.File("data"), models);
        Assert.Equal(cached.Path, FeatureFolder.BeginInCache(folder.File("cache"), "pairs", folder.File("data"), models).Path);
        File.Delete(folder.File("data/pairs.jsonl"));
        folder.Write("data/pairs.jsonl", File.ReadAllLines(Path.Combine(Samples, "pairs.jsonl"))[0]);
        Assert.Contains(
            "holds features of other data",
            Assert.Throws<ImgAlignException>(() => FeatureFolder.Begin(made.Path, folder.File("data"), models)).Message,
            StringComparison.Ordinal
        );
        Assert.NotEqual(cached.Path, FeatureFolder.BeginInCache(folder.File("cache"), "pairs", folder.File("data"), models).Path);
    }

    [Fact]
    public void Missing_shards_are_counted_and_named()
    {
        var made = Make("features", Samples, pairsPerShard: 3);
        File.Delete(Path.Combine(made.Path, "shard-00002.safetensors"));
        Assert.Contains(
            "1 of 3 shards of features are not there, the first of them is shard-00002.safetensors",
            Assert.Throws<ImgAlignException>(() => new FrozenFeatures(models, made)).Message,
            StringComparison.Ordinal
        );
        File.Delete(Path.Combine(made.Path, "features.json"));
        Assert.Contains("features.json is missing", Assert.Throws<ImgAlignException>(() => FeatureFolder.Open(made.Path)).Message);
        File.WriteAllText(Path.Combine(made.Path, "features.json"), "{\"format\": 2}");
        Assert.Contains("another version", Assert.Throws<ImgAlignException>(() => FeatureFolder.Open(made.Path)).Message);
    }

    [Fact]
    public void A_damaged_shard_is_refused_wherever_the_damage_is()
    {
        var made = Make("features", Samples);
        var path = Path.Combine(made.Path, "shard-00000.safetensors");
        var whole = File.ReadAllBytes(path);
        var random = new Random(2);
        var places = Enumerable.Range(0, 150).Select(_ => random.Next(whole.Length)).Append(0).Append(whole.Length - 1);
        foreach (var place in places)
        {
            byte[] damaged = [.. whole];
            damaged[place] ^= 0x11;
            Refuse(damaged, $"byte {place}");
        }
        Refuse(whole[..^1], "cut off");
        Refuse([], "empty");

        void Refuse(byte[] bytes, string what)
        {
            File.WriteAllBytes(path, bytes);
            try
            {
                using var features = new FrozenFeatures(models, made);
                features.Read(new SampleDraw(0, 0, 0));
            }
            catch (ImgAlignException exception)
            {
                Assert.StartsWith(path, exception.Message, StringComparison.Ordinal);
                return;
            }
            Assert.True(bytes.Length == whole.Length && IsBlank(bytes), $"The damage at {what} was not seen.");
        }

        // White space of the header may be another; it says nothing.
        bool IsBlank(byte[] bytes) => Enumerable.Range(0, whole.Length).All(at => bytes[at] == whole[at] || whole[at] == (byte)' ');
    }

    [Fact]
    public void No_more_shards_are_open_than_an_epoch_mixes()
    {
        var lines = File.ReadAllLines(Path.Combine(Samples, "pairs.jsonl"));
        folder.Link(Samples, "data", name => name == "pairs.jsonl");
        folder.Write("data/pairs.jsonl", string.Join('\n', Enumerable.Range(0, 40).Select(line => lines[line % lines.Length])));
        var made = Make("features", folder.File("data"), pairsPerShard: 1);
        using var features = new FrozenFeatures(models, made);
        Assert.Equal(40, features.Parts.Count);
        var order = new DataOrder(features.Parts, seed: 1);
        for (var position = 0; position < 80; position++)
        {
            features.Read(order.At(position));
            Assert.InRange(features.OpenShards, 1, DataOrder.Window);
        }
        features.Dispose();
        Assert.Equal(0, features.OpenShards);
    }

    public void Dispose()
    {
        scope.Dispose();
        runtime.Dispose();
        folder.Dispose();
    }

    private void WritePairs(string name, params string[] lines) => folder.Write($"{name}/pairs.jsonl", string.Join('\n', lines));

    private static string Line(string caption, string preferred) =>
        $"{{\"caption\": \"{caption}\", \"preferred\": \"{preferred}\", \"rejected\": \"{Picture("blue-circle.png")}\"}}";

    private static string Picture(string name) => Path.Combine(Samples, "images", name).Replace('\\', '/');

    private static float[] Values(torch.Tensor tensor) => tensor.data<float>().ToArray();

    private FrozenModels Models(string imagePrompt, string detector) =>
        new(new ColourBackbone(runtime), new ColourDetector(runtime), tokens: 4, tokenWidth: 3, imagePrompt, detector);

    private torch.Tensor Encode(string path) => models.ImagePrompt.Encode([ImageFile.Load(path)]);

    private FeatureFolder Make(string name, string data, bool keepHiddenStates = false, int? pairsPerShard = null)
    {
        var made = FeatureFolder.Begin(folder.File(name), data, models, keepHiddenStates, pairsPerShard);
        made.MakeMissing(models);
        return made;
    }

    private sealed class Reports(Action<FeatureProgress> report) : IProgress<FeatureProgress>
    {
        public void Report(FeatureProgress value) => report(value);
    }
}

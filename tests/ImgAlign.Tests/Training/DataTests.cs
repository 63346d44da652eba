using ImgAlign.Tests.Checkpoints;
using ImgAlign.Training;
using ImgAlign.Training.Data;
using Parquet;
using Parquet.Schema;
using TorchSharp;

namespace ImgAlign.Tests.Training;

public sealed class DataTests : IDisposable
{
    private static readonly byte[] Picture = File.ReadAllBytes(Sample("red-circle.png"));
    private static readonly byte[] OtherPicture = File.ReadAllBytes(Sample("blue-circle.png"));

    private readonly TemporaryFolder folder = new();
    private readonly DisposeScope scope = torch.NewDisposeScope();

    [Fact]
    public void Every_epoch_has_every_sample_once_and_any_position_can_be_asked_for()
    {
        var order = new DataOrder(50, seed: 3);
        var epochs = Enumerable
            .Range(0, 3)
            .Select(epoch => Enumerable.Range(0, 50).Select(place => order.At(50 * epoch + place).Index).ToArray())
            .ToArray();
        Assert.All(epochs, epoch => Assert.Equal(Enumerable.Range(0, 50), epoch.Order()));
        Assert.NotEqual(epochs[0], epochs[1]);
        Assert.Equal(epochs[1][7], new DataOrder(50, seed: 3).At(57).Index);
        Assert.NotEqual(epochs[0], Enumerable.Range(0, 50).Select(place => new DataOrder(50, seed: 4).At(place).Index));
        Assert.Equal(150, Enumerable.Range(0, 150).Select(position => order.At(position).Seed).Distinct().Count());
    }

    [Fact]
    public async Task Pick_a_Pic_is_taken_apart_without_ties()
    {
        var schema = new ParquetSchema(
            new DataField<byte[]>("jpg_0"),
            new DataField<byte[]>("jpg_1"),
            new DataField<double>("label_0"),
            new DataField<double>("label_1"),
            new DataField<string>("caption")
        );
        await WriteAsync(
            "pick.parquet",
            schema,
            async (group, fields) =>
            {
                await group.WriteAsync(fields[0], new byte[][] { Picture, Picture, OtherPicture });
                await group.WriteAsync(fields[1], new byte[][] { OtherPicture, OtherPicture, Picture });
                await group.WriteAsync<double>(fields[2], new double[] { 1, 0.5, 0 });
                await group.WriteAsync<double>(fields[3], new double[] { 0, 0.5, 1 });
                await group.WriteAsync(fields[4], new string[] { "a red circle", "a tie", "" });
            }
        );
        var target = folder.File("pairs");
        await PickAPic.ImportAsync(folder.File("pick.parquet"), target);
        var pairs = PreferenceFolder.Read(target);
        Assert.Equal(["a red circle", ""], pairs.Select(pair => pair.Caption));
        Assert.All(pairs, pair => Assert.Equal(Picture, File.ReadAllBytes(pair.Preferred)));
        Assert.All(pairs, pair => Assert.Equal(OtherPicture, File.ReadAllBytes(pair.Rejected)));
        Assert.Equal(2, Directory.EnumerateFiles(Path.Combine(target, "images"), "*", SearchOption.AllDirectories).Count());
        await PickAPic.ImportAsync(folder.File("missing"), target);
        Assert.Contains(
            "no Parquet files",
            (await Assert.ThrowsAsync<ImgAlignException>(() => PickAPic.ImportAsync(folder.File("missing"), folder.File("new")))).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(CompressionMethod.None)]
    [InlineData(CompressionMethod.Snappy)]
    public async Task Damaged_Parquet_is_refused_in_one_sentence_that_names_the_file(CompressionMethod method)
    {
        var schema = new ParquetSchema(new DataField<byte[]>("jpg"), new DataField<double?>("label"), new DataField<string>("caption"));
        await WriteAsync(
            "whole.parquet",
            schema,
            async (group, fields) =>
            {
                await group.WriteAsync(fields[0], new byte[][] { [1, 2, 3, 4], [5, 6, 7], [8] });
                await group.WriteAsync<double>(fields[1], new double?[] { 1, null, 0 });
                await group.WriteAsync(fields[2], new string[] { "a", "b", "a" });
            },
            method
        );
        var whole = File.ReadAllBytes(folder.File("whole.parquet"));
        Assert.Equal(3, Read(whole));
        var cut = Enumerable.Range(0, whole.Length).Select(length => whole[..length]);
        var changed = Enumerable
            .Range(0, whole.Length)
            .SelectMany(at => new[] { 0x01, 0x10, 0x80, 0xFF }.Select(change => Change(whole, at, change)));
        Assert.All(cut.Concat(changed), bytes => Read(bytes));

        // The rows that are read; a file that is refused has none.
        int Read(byte[] bytes)
        {
            var path = folder.Write("x.parquet", bytes);
            try
            {
                return ParquetRows.Read(path, ["jpg", "label", "caption"]).Count();
            }
            catch (ImgAlignException exception)
            {
                Assert.StartsWith(path + ": ", exception.Message, StringComparison.Ordinal);
                Assert.DoesNotContain('\n', exception.Message);
                return 0;
            }
        }
    }

    [Fact]
    public async Task InstructPix2Pix_is_read_in_all_its_layouts()
    {
        var schema = new ParquetSchema(
            new StructField("original_image", new DataField<byte[]>("bytes"), new DataField<string>("path")),
            new DataField<string>("edit_prompt"),
            new DataField<string>("edited_prompt")
        );
        await WriteAsync(
            "edits.parquet",
            schema,
            async (group, fields) =>
            {
                await group.WriteAsync(fields[0], new byte[][] { Picture });
                await group.WriteAsync(fields[1], new string[] { "p" });
                await group.WriteAsync(fields[2], new string[] { "make it blue" });
                await group.WriteAsync(fields[3], new string[] { "a blue circle" });
            }
        );
        var fromParquet = Assert.Single(await InstructPix2Pix.OpenAsync(folder.File("edits.parquet"), folder.File("cache")));
        Assert.Equal(("a blue circle", "make it blue"), (fromParquet.EditedPrompt, fromParquet.Instruction));
        Assert.Equal(Picture, File.ReadAllBytes(fromParquet.Image));

        folder.Write("authors/seeds.json", """[["0000007", ["12", "34"]]]""");
        folder.Write("authors/0000007/prompt.json", """{"caption": "a red circle", "edit": "make it blue", "output": "a blue circle"}""");
        var authors = await InstructPix2Pix.OpenAsync(folder.File("authors"), folder.File("unused"));
        Assert.Equal(
            [folder.File("authors/0000007/12_0.jpg"), folder.File("authors/0000007/34_0.jpg")],
            authors.Select(triplet => triplet.Image)
        );
        Assert.All(authors, triplet => Assert.Equal(("a blue circle", "make it blue"), (triplet.EditedPrompt, triplet.Instruction)));

        Assert.Equal(
            8,
            (await InstructPix2Pix.OpenAsync(Path.GetDirectoryName(Path.GetDirectoryName(Sample("x")))!, folder.File("unused"))).Count
        );
    }

    [Fact]
    public void A_broken_line_is_named()
    {
        folder.Write(PreferenceFolder.FileName, "{\"caption\": \"x\", \"preferred\": \"a\", \"rejected\": \"b\"}\n{\"caption\": \"x\"}\n");
        var message = Assert.Throws<ImgAlignException>(() => PreferenceFolder.Read(folder.Path)).Message;
        Assert.Contains("line 2", message, StringComparison.Ordinal);
        Assert.Contains("caption, preferred, rejected", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Features_are_computed_once_and_survive_a_torn_write()
    {
        var path = folder.File("features.bin");
        var (first, second) = (torch.rand(2, 3), torch.rand(5, 3));
        using (var store = new FeatureStore(path, width: 3, "networks"))
        {
            store.GetOrAdd(FeatureStore.Key(Picture), () => first.alias());
            store.GetOrAdd(FeatureStore.Key(OtherPicture), () => second.alias());
        }
        using (var file = new FileStream(path, FileMode.Open))
            file.SetLength(file.Length - 7);
        using (var store = new FeatureStore(path, width: 3, "networks"))
        {
            Assert.Equal(1, store.Count);
            Assert.True(
                store.GetOrAdd(FeatureStore.Key(Picture), () => throw new InvalidOperationException()).equal(first).all().item<bool>()
            );
            Assert.True(store.GetOrAdd(FeatureStore.Key(OtherPicture), () => second.alias()).equal(second).all().item<bool>());
            Assert.Throws<ArgumentException>(() => store.GetOrAdd(FeatureStore.Key(Picture, "text"), () => torch.rand(2, 4)));
        }
        Assert.NotEqual(FeatureStore.Key([1, 2], "3"), FeatureStore.Key([1], "23"));
    }

    [Theory]
    [InlineData(3, "other networks", "of width 3 and of the networks other networks")]
    [InlineData(6, "networks", "of width 6 and of the networks networks")]
    public void A_store_of_other_features_is_refused_and_stays_as_it_is(int width, string fingerprint, string expected)
    {
        var path = WriteStore();
        var before = File.ReadAllBytes(path);

        Assert.Contains(
            expected,
            Assert.Throws<ImgAlignException>(() => new FeatureStore(path, width, fingerprint)).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [Theory]
    [InlineData(0, "not a file of features")]
    [InlineData(24, "the record at byte 24 is damaged")] // its key
    [InlineData(24 + 33, "the record at byte 24 is damaged")] // its number of rows
    public void A_store_that_is_not_understood_is_never_cut(int position, string expected)
    {
        var path = WriteStore();
        var damaged = File.ReadAllBytes(path);
        damaged[position] ^= 0x40;
        File.WriteAllBytes(path, damaged);

        Assert.Contains(
            expected,
            Assert.Throws<ImgAlignException>(() => new FeatureStore(path, width: 3, "networks")).Message,
            StringComparison.Ordinal
        );
        Assert.Equal(damaged, File.ReadAllBytes(path));
    }

    [Fact]
    public void A_store_that_was_hardly_begun_is_begun_anew()
    {
        var path = WriteStore();
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..15]);
        using var store = new FeatureStore(path, width: 3, "networks");
        Assert.Equal(0, store.Count);
        store.GetOrAdd(FeatureStore.Key(Picture), () => torch.rand(2, 3));
    }

    private string WriteStore()
    {
        var path = folder.File("features.bin");
        using var store = new FeatureStore(path, width: 3, "networks");
        store.GetOrAdd(FeatureStore.Key(Picture), () => torch.rand(2, 3));
        store.GetOrAdd(FeatureStore.Key(OtherPicture), () => torch.rand(5, 3));
        return path;
    }

    [Fact]
    public void Fingerprints_tell_checkpoints_apart()
    {
        var path = folder.Write("model/weights.bin", [1, 2, 3]);
        var before = ModelFingerprint.Of(folder.File("model"));
        Assert.Equal(before, ModelFingerprint.Of(folder.File("model")));
        File.WriteAllBytes(path, [1, 2, 4]);
        Assert.NotEqual(before, ModelFingerprint.Of(folder.File("model")));
    }

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    private static string Sample(string name) =>
        Path.GetFullPath(Path.Combine(TestData.Golden, "..", "..", "samples", "train", "images", name));

    private static byte[] Change(byte[] bytes, int at, int change) => [.. bytes[..at], (byte)(bytes[at] ^ change), .. bytes[(at + 1)..]];

    // By another library than the one that reads.
    private async Task WriteAsync(
        string name,
        ParquetSchema schema,
        Func<ParquetRowGroupWriter, DataField[], Task> write,
        CompressionMethod method = CompressionMethod.Snappy
    )
    {
        await using var file = File.Create(folder.File(name));
        await using var writer = await ParquetWriter.CreateAsync(schema, file, new ParquetOptions { CompressionMethod = method });
        using var group = writer.CreateRowGroup();
        await write(group, schema.DataFields);
    }
}

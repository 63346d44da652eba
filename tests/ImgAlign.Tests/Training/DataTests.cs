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
    public async Task Pick_a_Pic_is_read_in_parts_without_ties()
    {
        var schema = new ParquetSchema(
            new DataField<byte[]>("jpg_0"),
            new DataField<byte[]>("jpg_1"),
            new DataField<double>("label_0"),
            new DataField<double>("label_1"),
            new DataField<string>("caption")
        );
        foreach (var name in new[] { "pick/a.parquet", "pick/b/b.parquet" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.File(name))!);
            await WriteAsync(
                name,
                schema,
                async (group, fields) =>
                {
                    await group.WriteAsync(fields[0], new byte[][] { Picture, Picture, OtherPicture });
                    await group.WriteAsync(fields[1], new byte[][] { OtherPicture, OtherPicture, Picture });
                    await group.WriteAsync<double>(fields[2], new double[] { 1, 0.5, 0 });
                    await group.WriteAsync<double>(fields[3], new double[] { 0, 0.5, 1 });
                    await group.WriteAsync(fields[4], new string[] { "a red circle", "a tie", "" });
                },
                groups: 2
            );
        }
        var source = folder.File("pick");
        var parts = PairSource.Split(source, 4);
        Assert.Equal(
            [("a.parquet", 0, 4), ("a.parquet", 4, 2), (Path.Combine("b", "b.parquet"), 0, 4), (Path.Combine("b", "b.parquet"), 4, 2)],
            parts.Select(part => (part.File, part.First, part.Count))
        );
        var pairs = parts.Select(part => PairSource.Read(source, part).ToList()).ToList();
        Assert.Equal([0, 2, 3, 5, 0, 2, 3, 5], pairs.SelectMany(part => part.Select(pair => pair.Row)));
        Assert.Equal(["a red circle", "", "a red circle"], pairs[2].Select(pair => pair.Caption));
        Assert.All(pairs.SelectMany(part => part), pair => Assert.Equal(Picture, pair.Preferred.Bytes));
        Assert.All(pairs.SelectMany(part => part), pair => Assert.Equal(OtherPicture, pair.Rejected.Bytes));
        Assert.Equal("", PairSource.Read(folder.File("pick/a.parquet"), new PairRange(".", 2, 1)).Single().Caption);
        Assert.Contains(
            "no Parquet files",
            Assert.Throws<ImgAlignException>(() => PairSource.Split(folder.File("missing"), 4)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_row_group_is_never_in_memory_as_a_whole()
    {
        const int Rows = 600,
            PictureBytes = 50_000;
        var path = folder.File("large.parquet");
        using (
            var file = new ParquetSharp.ParquetFileWriter(
                path,
                [new ParquetSharp.Column<byte[]>("jpg"), new ParquetSharp.Column<int>("row")],
                ParquetSharp.Compression.Uncompressed
            )
        )
        {
            for (var first = 0; first < Rows; first += Rows / 2)
            {
                using var group = file.AppendRowGroup();
                using (var pictures = group.NextColumn().LogicalWriter<byte[]>())
                {
                    for (var row = 0; row < Rows / 2; row++)
                        pictures.WriteBatch([RandomBytes(first + row)]);
                }
                using var numbers = group.NextColumn().LogicalWriter<int>();
                numbers.WriteBatch([.. Enumerable.Range(first, Rows / 2)]);
            }
            file.Close();
        }
        var pool = ParquetSharp.MemoryPool.GetDefaultMemoryPool();
        var before = pool.BytesAllocated;
        var (seen, most, alive) = (0, 0L, 0);
        var pictureOf = new List<WeakReference>();
        foreach (var row in ParquetRows.Read(path, ["jpg", "row"], first: 50, count: 500))
        {
            Assert.Equal(50.0 + seen, row[1]);
            pictureOf.Add(new WeakReference(row[0]));
            most = Math.Max(most, pool.BytesAllocated - before);
            if (++seen % 100 == 0)
            {
                GC.Collect();
                alive = Math.Max(alive, pictureOf.Count(picture => picture.IsAlive));
            }
        }
        Assert.Equal(500, seen);
        Assert.InRange(alive, 0, 200);
        Assert.InRange(most, 1, Rows / 2 * PictureBytes / 2);

        static byte[] RandomBytes(int seed)
        {
            var bytes = new byte[PictureBytes];
            new Random(seed).NextBytes(bytes);
            return bytes;
        }
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
        CompressionMethod method = CompressionMethod.Snappy,
        int groups = 1
    )
    {
        await using var file = File.Create(folder.File(name));
        await using var writer = await ParquetWriter.CreateAsync(schema, file, new ParquetOptions { CompressionMethod = method });
        for (var number = 0; number < groups; number++)
        {
            using var group = writer.CreateRowGroup();
            await write(group, schema.DataFields);
        }
    }
}

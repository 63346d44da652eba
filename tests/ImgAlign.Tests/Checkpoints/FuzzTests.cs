using System.Diagnostics;
using CsCheck;
using ImgAlign.Checkpoints;
using TorchSharp;

namespace ImgAlign.Tests.Checkpoints;

/// <summary>Files with errors at random: each is read, or refused by the one typed error, soon and without a leak.</summary>
public sealed class FuzzTests : IDisposable
{
    private const int Iterations = 1500;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> Seeds =>
        new(
            "hostile/ok.pth",
            "hostile/ok_legacy.pth",
            "hostile/ok.safetensors",
            "checkpoints/files/safetensors_other_types.safetensors",
            "checkpoints/files/zip_other_types.pth",
            "checkpoints/files/zip_shared.pth",
            "checkpoints/files/legacy_shared.pth",
            "../quantized/tensors.gguf"
        );

    private sealed record Mutation(int Kind, double Position, byte Value, int Length);

    private static readonly Gen<Mutation[]> Mutations = Gen.Select(
        Gen.Int[0, 5],
        Gen.Double[0, 1],
        Gen.Byte,
        Gen.Int[1, 16],
        (kind, position, value, length) => new Mutation(kind, position, value, length)
    ).Array[1, 6];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Mutated_files_are_read_or_refused(string seed)
    {
        var original = File.ReadAllBytes(Path.Combine(TestData.Golden, "aligner", seed));
        var path = folder.File("fuzz" + Path.GetExtension(seed));
        var live = LiveTensors.Count();
        Mutations.Sample(
            mutations =>
            {
                File.WriteAllBytes(path, mutations.Aggregate(original, Mutate));
                var watch = Stopwatch.StartNew();
                try
                {
                    using var checkpoint = Checkpoint.Open(path);
                    foreach (var name in checkpoint.Tensors.Keys)
                        checkpoint.Read(name).Dispose();
                }
                catch (CheckpointException)
                {
                    // Any other exception fails the test.
                }
                return watch.Elapsed < TimeSpan.FromSeconds(20) && torch.Tensor.TotalCount == live;
            },
            iter: Iterations,
            threads: 1
        );
    }

    /// <summary>Opcodes that the machine knows, in any order: far deeper than mutated files reach.</summary>
    [Fact]
    public void Random_opcodes_end_in_a_value_or_in_a_refusal()
    {
        string[] pieces =
        [
            "N",
            "\x88",
            "\x89",
            "K\x01",
            "K\0",
            "M\0\x01",
            "J\xff\xff\xff\xff",
            "\x8a\x01\x05",
            "G\0\0\0\0\0\0\0\0",
            "X\x01\0\0\0a",
            "X\x07\0\0\0storage",
            "U\x01k",
            "(",
            ")",
            "]",
            "}",
            "t",
            "\x85",
            "\x86",
            "\x87",
            "a",
            "e",
            "s",
            "u",
            "q\0",
            "q\x01",
            "h\0",
            "h\x01",
            "R",
            "b",
            "Q",
            "ccollections\nOrderedDict\n",
            "ctorch\nFloatStorage\n",
            "ctorch\nfloat16\n",
            "ctorch\nSize\n",
            "ctorch._utils\n_rebuild_tensor_v2\n",
            "ctorch._utils\n_rebuild_parameter\n",
            "(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0aNK\x04tQ",
            "K\0(K\x02t(K\x01t\x89)",
            "cos\nsystem\n",
            "\xfe",
        ];
        Gen.Int[0, pieces.Length - 1]
            .Array[1, 60]
            .Sample(
                choice =>
                {
                    var pickle = new PickleBuilder();
                    foreach (var index in choice)
                        pickle.Op(pieces[index]);
                    using var stream = new MemoryStream(pickle.ToArray());
                    try
                    {
                        var (value, _) = PickleMachine.Run(stream, stream.Length);
                        return value
                            is null
                                or bool
                                or long
                                or double
                                or string
                                or object[]
                                or List<object?>
                                or PickleDictionary
                                or PickleTensor
                                or PickleStorage
                                or PickleGlobal;
                    }
                    catch (PickleException)
                    {
                        return true;
                    }
                },
                iter: 50_000,
                threads: 1
            );
    }

    private static byte[] Mutate(byte[] file, Mutation mutation)
    {
        if (file.Length == 0)
            return file;
        var at = (int)(mutation.Position * (file.Length - 1));
        var end = Math.Min(file.Length, at + mutation.Length);
        return mutation.Kind switch
        {
            0 => [.. file[..at], mutation.Value, .. file[(at + 1)..]],
            1 => [.. file[..at], (byte)(file[at] ^ (1 << (mutation.Value & 7))), .. file[(at + 1)..]],
            2 => [.. file[..at], .. Enumerable.Repeat(mutation.Value, mutation.Length), .. file[at..]],
            3 => [.. file[..at], .. file[end..]],
            4 => [.. file[..end], .. file[at..end], .. file[end..]],
            _ => file[..at],
        };
    }
}

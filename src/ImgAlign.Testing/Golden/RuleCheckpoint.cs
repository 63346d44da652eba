using System.Runtime.InteropServices;
using System.Text;
using ImgAlign.Checkpoints;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using TorchSharp;

namespace ImgAlign.Testing.Golden;

/// <summary>
/// A checkpoint whose values follow from names, shapes and a seed (rule <c>name-hash-v1</c> of the golden cases), so that full-width
/// networks need no files. Every value is exact in float32.
/// </summary>
public sealed class RuleCheckpoint : Checkpoint
{
    private readonly ulong seed;
    private readonly Dictionary<string, TensorInfo> tensors;

    /// <summary>Describes the tensors; values are computed when they are read.</summary>
    /// <param name="seed">The rule's seed.</param>
    /// <param name="shapes">Names and shapes.</param>
    /// <param name="source">What messages call it.</param>
    public RuleCheckpoint(ulong seed, IEnumerable<KeyValuePair<string, long[]>> shapes, string source = "weights by rule")
    {
        this.seed = seed;
        Source = source;
        tensors = shapes.ToDictionary(pair => pair.Key, pair => new TensorInfo(pair.Key, torch.ScalarType.Float32, pair.Value));
    }

    /// <inheritdoc/>
    public override string Source { get; }

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors => tensors;

    /// <inheritdoc/>
    public override torch.Tensor Read(string name)
    {
        if (!tensors.TryGetValue(name, out var info))
            throw new CheckpointException(Source, "is missing", name);
        var result = torch.empty([.. info.Shape], torch.ScalarType.Float32);
        var (scale, offset) = Affine(name, info.Shape);
        var hash = Fnv1a($"{seed}:{name}");
        ParallelLoop.Run(
            (int)((info.Count + BlockSize - 1) / BlockSize),
            Environment.ProcessorCount,
            blocks =>
            {
                foreach (var block in blocks)
                    Fill(block * BlockSize);
            }
        );
        return result;

        void Fill(long start)
        {
            using var slice = result.view(-1).narrow(0, start, Math.Min(BlockSize, info.Count - start));
            var values = MemoryMarshal.Cast<byte, float>(slice.bytes);
            for (var i = 0; i < values.Length; i++)
                values[i] = offset + Uniform(hash, (ulong)(start + i)) * scale;
        }
    }

    private const long BlockSize = 1 << 20;

    private static (float Scale, float Offset) Affine(string name, IReadOnlyList<long> shape)
    {
        if (shape.Count == 1)
            return name.EndsWith("weight", StringComparison.Ordinal) || name.EndsWith("scale", StringComparison.Ordinal)
                ? (0.25f, 1f)
                : (0.125f, 0f);
        double fanIn = shape.Skip(1).Aggregate(1L, (product, size) => product * size);
        return ((float)Math.Pow(2, Math.Round(Math.Log2(2 * Math.Sqrt(3 / fanIn)), MidpointRounding.ToEven)), 0f);
    }

    private static float Uniform(ulong hash, ulong index)
    {
        var bits = (ulong)SeedSequence.At((long)hash, (long)index);
        return (bits >> 40) * (1f / (1 << 24)) - 0.5f;
    }

    private static ulong Fnv1a(string text)
    {
        var hash = 14695981039346656037UL;
        foreach (var value in Encoding.UTF8.GetBytes(text))
            hash = (hash ^ value) * 1099511628211UL;
        return hash;
    }
}

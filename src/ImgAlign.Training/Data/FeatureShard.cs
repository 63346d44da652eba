using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ImgAlign.Checkpoints;
using static TorchSharp.torch;

namespace ImgAlign.Training.Data;

/// <summary>
/// Some pairs as the frozen networks see them, in one safetensors file, which is whole or not there: <c>preferred</c> and <c>rejected</c>
/// <c>[B, n, d]</c>, <c>captions</c> (a JSON list in UTF-8), and of each rejected picture either its file in <c>pictures</c> or the
/// detector's hidden states in <c>hidden_states</c> <c>[all N, D]</c>, one behind the other, where <c>ends</c> <c>[B]</c> says where each one
/// ends. A file without pairs has an empty <c>captions</c> only. Its header says what was left out and why, and has the SHA-256 of all the
/// rest. Features are float32.
/// </summary>
internal sealed class FeatureShard : IDisposable
{
    private const string Checksum = "sha256";
    private const string LeftOut = "left_out";
    private const string Preferred = "preferred";
    private const string Rejected = "rejected";
    private const string Captions = "captions";
    private const string Pictures = "pictures";
    private const string HiddenStates = "hidden_states";
    private const string Ends = "ends";
    private const int PartBytes = 1 << 26;

    private readonly Dictionary<string, Tensor> tensors;
    private readonly List<string> captions;
    private readonly long[] ends;

    /// <summary>Opens a shard that has pairs, and checks it.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing or damaged.</exception>
    public FeatureShard(string path)
    {
        Path = path;
        using var file = Checkpoint.Open(path);
        tensors = file.Tensors.Keys.Order(StringComparer.Ordinal).ToDictionary(static name => name, name => Detach(file.Read(name)));
        var leftOut = file.Metadata.GetValueOrDefault(LeftOut) ?? "";
        if (file.Metadata.GetValueOrDefault(Checksum) != Hash(tensors, leftOut))
        {
            Dispose();
            throw new ImgAlignException(
                $"{path} is damaged: its checksum does not fit what is in it; delete it, and have it made again (imgalign features)."
            );
        }
        captions = JsonSerializer.Deserialize<List<string>>(tensors[Captions].bytes)!;
        ends = tensors[Ends].data<long>().ToArray();
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>What a shard's header says, without its data.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The number of pairs, and what was left out and why.</returns>
    /// <exception cref="ImgAlignException">The file is missing, or its header is damaged.</exception>
    public static (int Pairs, IReadOnlyList<string> LeftOut) ReadHeader(string path)
    {
        using var file = Checkpoint.Open(path);
        try
        {
            var leftOut = JsonSerializer.Deserialize<List<string>>(file.Metadata.GetValueOrDefault(LeftOut) ?? "")!;
            return (file.Tensors.TryGetValue(Preferred, out var preferred) ? (int)preferred.Shape[0] : 0, leftOut);
        }
        catch (JsonException exception)
        {
            throw new ImgAlignException(
                $"{path} is no shard of features; delete it, and have it made again (imgalign features).",
                exception
            );
        }
    }

    /// <summary>Writes a shard, or nothing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="pairs">The pairs; borrowed.</param>
    /// <param name="leftOut">What was left out, and why.</param>
    public static void Write(string path, IReadOnlyList<PairFeatures> pairs, IReadOnlyList<string> leftOut)
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>
        {
            [Captions] = tensor(JsonSerializer.SerializeToUtf8Bytes(pairs.Select(static pair => pair.Caption))),
        };
        if (pairs.Count > 0)
        {
            tensors[Preferred] = stack(pairs.Select(static pair => pair.Preferred));
            tensors[Rejected] = stack(pairs.Select(static pair => pair.Rejected));
            var (name, parts) = pairs[0].HiddenStates is null
                ? (Pictures, pairs.Select(static pair => tensor(pair.Picture!)).ToList())
                : (HiddenStates, pairs.Select(static pair => pair.HiddenStates!).ToList());
            tensors[name] = cat(parts, 0);
            tensors[Ends] = tensor(parts.Select(static part => part.shape[0]).ToArray()).cumsum(0);
        }
        var reasons = JsonSerializer.Serialize(leftOut);
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { [LeftOut] = reasons, [Checksum] = Hash(tensors, reasons) });
    }

    /// <summary>A pair; its tensors are copies, and belong to the caller's dispose scope.</summary>
    /// <param name="index">Its place in the shard.</param>
    public PairFeatures Read(int index)
    {
        var start = index == 0 ? 0 : ends[index - 1];
        return new PairFeatures(
            captions[index],
            tensors[Preferred].select(0, index).clone(),
            tensors[Rejected].select(0, index).clone(),
            tensors.TryGetValue(Pictures, out var pictures) ? Part(pictures).bytes.ToArray() : null,
            tensors.TryGetValue(HiddenStates, out var hiddenStates) ? Part(hiddenStates).clone() : null
        );

        Tensor Part(Tensor all) => all.narrow(0, start, ends[index] - start);
    }

    /// <summary>The caption of a pair.</summary>
    /// <param name="index">Its place in the shard.</param>
    public string Caption(int index) => captions[index];

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        foreach (var tensor in tensors.Values)
            tensor.Dispose();
    }

    private static Tensor Detach(Tensor tensor) => tensor.DetachFromDisposeScope();

    private static string Hash(Dictionary<string, Tensor> tensors, string leftOut)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(leftOut));
        foreach (var (name, values) in tensors.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            using var scope = NewDisposeScope();
            hash.AppendData(Encoding.UTF8.GetBytes($"\0{name} {values.dtype} {string.Join(' ', values.shape)}\0"));
            var flat = values.view(-1);
            var step = PartBytes / values.element_size();
            for (var start = 0L; start < flat.shape[0]; start += step)
                hash.AppendData(flat.narrow(0, start, Math.Min(step, flat.shape[0] - start)).bytes);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>
/// One network of a checkpoint: the tensors whose names begin with a prefix, by the rest of their names. Tools agree on the names within a
/// network, and not on what stands before them: nothing, <c>model.diffusion_model.</c>, <c>transformer.</c>, <c>state_dict.</c>.
/// </summary>
public sealed class CheckpointPart : Checkpoint
{
    private readonly Checkpoint whole;
    private readonly string prefix;

    private CheckpointPart(Checkpoint whole, string prefix)
    {
        (this.whole, this.prefix) = (whole, prefix);
        Tensors = whole
            .Tensors.Values.Where(info => info.Name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(info => info with { Name = info.Name[prefix.Length..] })
            .ToDictionary(info => info.Name);
    }

    /// <summary>Finds a network, whatever its prefix is.</summary>
    /// <param name="whole">The checkpoint; borrowed, and needed as long as the part is.</param>
    /// <param name="what">The network, for messages.</param>
    /// <param name="landmarks">One for each layout that is known; the first that is there counts.</param>
    /// <exception cref="CheckpointException">There is no such network, or there are several.</exception>
    public static CheckpointPart Find(Checkpoint whole, string what, params Landmark[] landmarks) =>
        TryFind(whole, what, landmarks)
        ?? throw new CheckpointException(
            whole.Source,
            $"holds no {what}: none of its {whole.Tensors.Count} tensors is named "
                + $"{string.Join(" or ", landmarks.Select(static landmark => landmark.Behind + landmark.Name))}, whatever "
                + "stands before the name."
        );

    /// <summary>The same, or null where there is no such network.</summary>
    /// <exception cref="CheckpointException">There are several.</exception>
    public static CheckpointPart? TryFind(Checkpoint whole, string what, params Landmark[] landmarks)
    {
        foreach (var landmark in landmarks)
        {
            var prefixes = whole.Tensors.Keys.Where(name => IsAt(name, landmark)).Select(name => name[..^landmark.Name.Length]).ToList();
            if (prefixes.Count > 1)
                throw new CheckpointException(
                    whole.Source,
                    $"holds more than one {what}, behind {string.Join(" and ", prefixes.Select(static prefix => $"'{prefix}'"))}; "
                        + "save the one that is meant as a file of its own."
                );
            if (prefixes.Count == 0)
                continue;
            var part = new CheckpointPart(whole, prefixes[0]);
            UnreadQuantization.Refuse(part);
            return part;
        }
        return null;
    }

    /// <inheritdoc/>
    public override string Source => whole.Source;

    /// <inheritdoc/>
    public override string Format => whole.Format;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, string> Metadata => whole.Metadata;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <inheritdoc/>
    public override string FileOf(string name) => whole.FileOf(prefix + name);

    /// <inheritdoc/>
    public override torch.Tensor Read(string name) => whole.Read(prefix + name);

    /// <inheritdoc/>
    internal override CompactMatrix ReadCompact(string name) => whole.ReadCompact(prefix + name);

    /// <inheritdoc/>
    public override string NameInFile(string name) => whole.NameInFile(prefix + name);

    /// <inheritdoc/>
    internal override CheckpointException? FindNotFinite(string name) => whole.FindNotFinite(prefix + name);

    /// <inheritdoc/>
    internal override void ReleasePages() => whole.ReleasePages();

    private static bool IsAt(string name, Landmark landmark)
    {
        var full = landmark.Behind + landmark.Name;
        return name.EndsWith(full, StringComparison.Ordinal) && (name.Length == full.Length || name[^(full.Length + 1)] == '.');
    }
}

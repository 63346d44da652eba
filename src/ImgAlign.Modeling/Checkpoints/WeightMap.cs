namespace ImgAlign.Checkpoints;

/// <summary>
/// How the parameters of a network are named in a checkpoint layout: the one mechanism for renames, packed projections, transposes and
/// leftovers. A map is data; <see cref="CheckpointBinder"/> applies it.
/// </summary>
public sealed class WeightMap
{
    private readonly Func<string, WeightSource> resolve;
    private readonly Func<string, bool> ignored;

    /// <summary>Creates a map.</summary>
    /// <param name="resolve">From a parameter's name in the network to its source in the checkpoint.</param>
    /// <param name="ignored">Names in the checkpoint that may be left unused; all others must be used. Null: none may.</param>
    public WeightMap(Func<string, WeightSource> resolve, Func<string, bool>? ignored = null)
    {
        this.resolve = resolve;
        this.ignored = ignored ?? (static _ => false);
    }

    /// <summary>The network's own names, nothing left over.</summary>
    public static WeightMap Identity { get; } = new(static name => new WeightSource.Whole(name));

    /// <summary>The network's own names behind a prefix; names elsewhere are left alone.</summary>
    /// <param name="prefix">What stands in front of every name, with its dot.</param>
    public static WeightMap Prefixed(string prefix) =>
        new(name => new WeightSource.Whole(prefix + name), name => !name.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>The same map, with more names that may be left unused.</summary>
    public WeightMap Ignoring(Func<string, bool> alsoIgnored) => new(resolve, name => ignored(name) || alsoIgnored(name));

    /// <summary>The source of a parameter.</summary>
    /// <param name="parameterName">The parameter's name in the network.</param>
    public WeightSource Resolve(string parameterName) => resolve(parameterName);

    /// <summary>Whether a name in the checkpoint may be left unused.</summary>
    public bool IsIgnored(string checkpointName) => ignored(checkpointName);
}

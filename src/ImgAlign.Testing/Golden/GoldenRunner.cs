using System.Diagnostics;
using ImgAlign.Runtime;
using TorchSharp;

namespace ImgAlign.Testing.Golden;

/// <summary>Runs golden cases by their kind and compares every output with the reference.</summary>
public sealed partial class GoldenRunner
{
    private readonly Dictionary<string, GoldenComputation> computations = [];
    private readonly List<FileKind> fileKinds = [];

    private sealed record FileKind(string Name, Func<string, bool> Matches, Action<string> Check);

    /// <summary>Adds a kind.</summary>
    /// <param name="kind">The <c>kind</c> of <c>case.json</c>.</param>
    /// <param name="computation">What computes it.</param>
    public GoldenRunner Add(string kind, GoldenComputation computation)
    {
        computations.Add(kind, computation);
        return this;
    }

    /// <summary>Adds a kind of cases that are single files.</summary>
    /// <param name="kind">Its name in results.</param>
    /// <param name="matches">Whether a path is a file of this kind, judged by its contents or its neighbours.</param>
    /// <param name="check">Throws when the file is not treated as it should be.</param>
    public GoldenRunner AddFiles(string kind, Func<string, bool> matches, Action<string> check)
    {
        fileKinds.Add(new FileKind(kind, matches, check));
        return this;
    }

    /// <summary>All kinds that can be run.</summary>
    public IReadOnlyCollection<string> Kinds => [.. computations.Keys, .. fileKinds.Select(kind => kind.Name)];

    /// <summary>The cases below (or at) a folder, in alphabetical order: folders with a <c>case.json</c>, and files that are a case by
    /// themselves.</summary>
    public IReadOnlyList<string> Find(string folder)
    {
        var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).ToList();
        var folders = files.Where(file => Path.GetFileName(file) == "case.json").Select(file => Path.GetDirectoryName(file)!);
        return [.. folders.Concat(files.Where(file => fileKinds.Any(kind => kind.Matches(file)))).Order(StringComparer.Ordinal)];
    }

    /// <summary>Runs one case. Never throws for what the case or the computation does wrong: the result says it.</summary>
    /// <param name="path">A path that <see cref="Find"/> gave.</param>
    /// <param name="device">Where to compute.</param>
    public GoldenResult Run(string path, torch.Device device)
    {
        using var stack = SignalStack.Enlarge();
        return File.Exists(path) ? RunFile(path) : RunFolder(path, device);
    }

    private GoldenResult RunFile(string path)
    {
        var watch = Stopwatch.StartNew();
        var kind = fileKinds.FirstOrDefault(kind => kind.Matches(path));
        try
        {
            if (kind is null)
                return new GoldenResult(path, "?", [], "is not a case", watch.Elapsed);
            using var scope = torch.NewDisposeScope();
            kind.Check(path);
            return new GoldenResult(path, kind.Name, [], null, watch.Elapsed);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return new GoldenResult(path, kind!.Name, [], $"{exception.GetType().Name}: {exception.Message}", watch.Elapsed);
        }
    }

    private GoldenResult RunFolder(string folder, torch.Device device)
    {
        var watch = Stopwatch.StartNew();
        var kind = "?";
        try
        {
            using var golden = GoldenCase.Load(folder);
            kind = golden.Kind;
            if (!computations.TryGetValue(kind, out var computation))
                return new GoldenResult(folder, kind, [], $"kind '{kind}' is not known to this version of ImgAlign", watch.Elapsed);
            if (golden.Outputs.Count == 0)
                return new GoldenResult(
                    folder,
                    kind,
                    [],
                    "tensors.safetensors holds no out.*: there is nothing to compare with",
                    watch.Elapsed
                );
            using var noGrad = torch.no_grad();
            using var scope = torch.NewDisposeScope();
            var actual = computation(golden, device);
            var outputs = golden.Outputs.Select(pair =>
                Compare(pair.Key, pair.Value, actual.GetValueOrDefault(pair.Key), golden.ToleranceOf(pair.Key))
            );
            return new GoldenResult(folder, kind, [.. outputs], null, watch.Elapsed);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return new GoldenResult(folder, kind, [], $"{exception.GetType().Name}: {exception.Message}", watch.Elapsed);
        }
    }

    private static OutputComparison Compare(string name, torch.Tensor expected, torch.Tensor? actual, Tolerance tolerance)
    {
        if (actual is null)
            return new(name, double.NaN, "was not computed");
        if (!actual.shape.SequenceEqual(expected.shape))
            return new(
                name,
                double.NaN,
                $"has shape [{string.Join(", ", actual.shape)}], the reference [{string.Join(", ", expected.shape)}]"
            );
        if (tolerance is { Atol: 0, Rtol: 0 } && actual.dtype != expected.dtype)
            return new(name, double.NaN, $"has type {actual.dtype}, the reference {expected.dtype}");
        if (expected.numel() == 0)
            return new(name, 0, null);
        using var scope = torch.NewDisposeScope();
        var x = actual.cpu().to(torch.float64);
        var y = expected.to(torch.float64);
        var differs = x.ne(y).logical_and(x.isnan().logical_and(y.isnan()).logical_not()); // NaN agrees with NaN
        var difference = (x - y).abs().where(differs, 0.0); // equal infinities differ by nothing
        var largest = difference.max().item<double>();
        var within = difference.le(y.abs().Times(tolerance.Rtol).Plus(tolerance.Atol)).all().item<bool>();
        return new(
            name,
            largest,
            within ? null : $"differs by {largest:0.0e+0}, more than atol {tolerance.Atol:0.0e+0} and rtol {tolerance.Rtol:0.0e+0} allow"
        );
    }
}

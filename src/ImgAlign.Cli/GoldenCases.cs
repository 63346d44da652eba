using System.Globalization;
using ImgAlign.Runtime;
using ImgAlign.Testing.Golden;
using Spectre.Console;
using TorchSharp;

namespace ImgAlign.Cli;

/// <summary>Computes the golden cases of a folder, and prints a line for each and how many passed.</summary>
internal static class GoldenCases
{
    /// <summary>Runs the cases.</summary>
    /// <param name="terminal">Where lines go.</param>
    /// <param name="folder">The folder that they are below.</param>
    /// <param name="filter">Text that the path below the folder must contain; null for all of them.</param>
    /// <param name="device">Where to compute, as in <see cref="RuntimeOptions.Device"/>.</param>
    /// <param name="cancellationToken">Ends it after the case that runs.</param>
    /// <returns>Whether all passed.</returns>
    /// <exception cref="ImgAlignException">There is no case, or the device is not there.</exception>
    public static async Task<bool> RunAsync(
        Terminal terminal,
        string folder,
        string? filter,
        string device,
        CancellationToken cancellationToken
    )
    {
        var runner = GoldenRunner.CreateStandard();
        var cases = runner
            .Find(folder)
            .Select(path => (Path: path, Name: Path.GetRelativePath(folder, path)))
            .Where(found => filter is null || found.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))
            .ToArray();
        if (cases.Length == 0)
        {
            var having = filter is null ? "" : $" has '{filter}' in its path";
            throw new ImgAlignException($"{folder}: no golden case below this folder{having}, so there is nothing to verify.");
        }
        // The tolerances are those of float32.
        using var runtime = new DeviceRuntime(new RuntimeOptions { Device = device, Precision = Precision.Float32 });
        return await runtime.RunAsync(() => Run(terminal, runner, cases, runtime.Device, cancellationToken), cancellationToken);
    }

    private static bool Run(
        Terminal terminal,
        GoldenRunner runner,
        (string Path, string Name)[] cases,
        torch.Device device,
        CancellationToken cancellationToken
    )
    {
        using var scope = torch.NewDisposeScope();
        var passed = 0;
        foreach (var (path, name) in cases)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var result = runner.Run(path, device);
            if (result.Passed)
                passed++;
            terminal.Out.MarkupLine(Line(result, name));
        }
        terminal.Out.WriteLine($"{passed} passed, {cases.Length - passed} failed");
        return passed == cases.Length;
    }

    private static string Line(GoldenResult result, string name)
    {
        var error = double.IsNaN(result.LargestError) ? "-" : result.LargestError.ToString("0.0e+0", CultureInfo.InvariantCulture);
        var facts = string.Create(
            CultureInfo.InvariantCulture,
            $"{result.Kind, -18} {name, -45} error {error, -7} {result.Elapsed.TotalSeconds, 6:0.00} s  "
        );
        var problems = Markup.Escape(string.Join("; ", result.Problems).ReplaceLineEndings(" "));
        var verdict = result.Passed ? "[green]passed[/]" : $"[red]failed[/]: {problems}";
        return Markup.Escape(facts) + verdict;
    }
}

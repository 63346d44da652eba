using System.CommandLine;
using System.Globalization;
using ImgAlign.Runtime;
using ImgAlign.Testing.Golden;
using Spectre.Console;
using TorchSharp;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign verify FOLDER</c>: computes every golden case and compares it with the reference.</summary>
internal static class VerifyCommand
{
    public static Command Create(Terminal terminal)
    {
        var folder = new Argument<DirectoryInfo>("folder") { Description = "A folder of golden cases; all folders below it that hold a case.json are run." };
        var filter = new Option<string?>("--filter") { Description = "Run only the cases whose path below FOLDER contains this text." };
        var device = new Option<string>("--device") { Description = "Where to compute: cpu, cuda or cuda:N.", DefaultValueFactory = _ => "cpu" };
        var command = new Command("verify", "Compute every golden case below a folder and compare it with the reference.")
        {
            folder.AcceptExistingOnly(), filter, device,
        };
        command.SetAction((parsed, token) =>
            RunAsync(terminal, parsed.GetRequiredValue(folder).FullName, parsed.GetValue(filter), parsed.GetRequiredValue(device), token));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, string folder, string? filter, string device, CancellationToken cancellationToken)
    {
        var runner = GoldenRunner.CreateStandard();
        var cases = runner.Find(folder)
            .Select(path => (Path: path, Name: Path.GetRelativePath(folder, path)))
            .Where(found => filter is null || found.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))
            .ToArray();
        if (cases.Length == 0)
            throw new ImgAlignException($"{folder}: no golden case below this folder{(filter is null ? "" : $" has '{filter}' in its path")}, so there is nothing to verify.");
        // The tolerances are those of float32.
        using var runtime = new DeviceRuntime(new RuntimeOptions { Device = device, Precision = Precision.Float32 });
        return await runtime.RunAsync(() => Run(terminal, runner, cases, runtime.Device, cancellationToken), cancellationToken);
    }

    private static int Run(Terminal terminal, GoldenRunner runner, (string Path, string Name)[] cases, torch.Device device, CancellationToken cancellationToken)
    {
        using var scope = torch.NewDisposeScope();
        var passed = 0;
        foreach (var (path, name) in cases)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var result = runner.Run(path, device);
            if (result.Passed) passed++;
            terminal.Out.MarkupLine(Line(result, name));
        }
        terminal.Out.WriteLine($"{passed} passed, {cases.Length - passed} failed");
        return passed == cases.Length ? 0 : 1;
    }

    private static string Line(GoldenResult result, string name)
    {
        var error = double.IsNaN(result.LargestError) ? "-" : result.LargestError.ToString("0.0e+0", CultureInfo.InvariantCulture);
        var facts = string.Create(CultureInfo.InvariantCulture, $"{result.Kind,-18} {name,-45} error {error,-7} {result.Elapsed.TotalSeconds,6:0.00} s  ");
        var verdict = result.Passed ? "[green]passed[/]" : $"[red]failed[/]: {Markup.Escape(string.Join("; ", result.Problems).ReplaceLineEndings(" "))}";
        return Markup.Escape(facts) + verdict;
    }
}

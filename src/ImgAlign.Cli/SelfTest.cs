using System.Globalization;
using ImgAlign.Runtime;
using ImgAlign.Testing.SelfTest;
using Spectre.Console;

namespace ImgAlign.Cli;

/// <summary><c>imgalign doctor --selftest</c>: whether a device computes what it should, as a report to paste.</summary>
internal static class SelfTest
{
    /// <summary>The golden cases that come with the tool: each network at its published width, with weights by rule.</summary>
    public static string OwnGolden => Path.Combine(AppContext.BaseDirectory, "golden");

    /// <summary>Runs it and prints the report.</summary>
    /// <param name="terminal">Where the report goes.</param>
    /// <param name="golden">A folder of golden cases.</param>
    /// <param name="device">Where to compute, as in <see cref="RuntimeOptions.Device"/>.</param>
    /// <param name="quick">Leaves out networks of published size.</param>
    /// <param name="cancellationToken">Ends it after the step that runs.</param>
    /// <returns>Whether all of it passed.</returns>
    /// <exception cref="ImgAlignException">There is no golden case, or the device is not there.</exception>
    public static async Task<bool> RunAsync(
        Terminal terminal,
        string golden,
        string device,
        bool quick,
        CancellationToken cancellationToken
    )
    {
        terminal.Out.WriteLine();
        terminal.Out.WriteText($"golden cases of {golden} on {device} in float32, against the reference implementations");
        var passed = await GoldenCases.RunAsync(terminal, golden, filter: null, device, cancellationToken);
        terminal.Out.WriteLine();
        var left = 0;
        if (quick)
        {
            terminal.Out.WriteLine("networks of published size: left out (--quick)");
        }
        else
        {
            var (allPassed, notRun) = await RunFullSizeAsync(terminal, device, cancellationToken);
            (passed, left) = (passed & allPassed, notRun);
        }
        var ending = left == 0 ? "" : $", [yellow]{left} of its steps not run[/]";
        terminal.Out.MarkupLine((passed ? "self-test [green]passed[/]" : "self-test [red]failed[/]") + ending);
        return passed;
    }

    private static async Task<(bool Passed, int NotRun)> RunFullSizeAsync(
        Terminal terminal,
        string device,
        CancellationToken cancellationToken
    )
    {
        terminal.Out.WriteLine("networks of published size, weights by rule; error: root mean square against float32 on the cpu");
        var runner = new FullSizeRunner(device);
        var (passed, notRun) = (true, 0);
        foreach (var test in FullSizeTest.All)
        {
            terminal.Out.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{test.Name}, {test.Weights / 1e9:0.0} billion weights, {test.Input}")
            );
            await foreach (var result in runner.RunAsync(test, cancellationToken))
            {
                passed &= result.Verdict != DoctorVerdict.Problem;
                if (result.Verdict == DoctorVerdict.Warning)
                    notRun++;
                terminal.Out.MarkupLine($"  {Markup.Escape(Facts(result))}{Verdict(result)}");
            }
        }
        return (passed, notRun);
    }

    private static string Facts(FullSizeResult result)
    {
        var where = $"{result.Device, -7} {result.Precision, -8} ";
        if (result.Run is not { } run)
            return where;
        var peak = run.PeakMemoryBytes is { } bytes ? MemoryEstimate.Text(bytes) : "unknown";
        return where
            + string.Create(
                CultureInfo.InvariantCulture,
                $"{run.Residency, -12} weights {run.Loading.TotalSeconds, 6:0.00} s, step {run.Step.TotalSeconds, 6:0.00} s, "
                    + $"peak memory {peak, -8} "
            );
    }

    private static string Verdict(FullSizeResult result)
    {
        var error = result.Error is { } known ? string.Create(CultureInfo.InvariantCulture, $"error {known:0.0e+0}  ") : "";
        return error
            + result.Verdict switch
            {
                DoctorVerdict.Fine => "[green]passed[/]",
                DoctorVerdict.Warning => $"[yellow]not run[/]: {Markup.Escape(result.Problem!)}",
                _ => $"[red]failed[/]: {Markup.Escape(result.Problem!)}",
            };
    }
}

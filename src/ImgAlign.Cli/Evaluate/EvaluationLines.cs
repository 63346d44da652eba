using System.Diagnostics;
using ImgAlign.Evaluation;
using Spectre.Console;

namespace ImgAlign.Cli.Evaluate;

/// <summary>Shows how far an evaluation is: a line at most every few seconds, and one at the end.</summary>
internal sealed class EvaluationLines(IAnsiConsole console) : IProgress<EvaluationProgress>
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private Stopwatch? sinceLine;

    public void Report(EvaluationProgress value)
    {
        if (sinceLine is { } watch && watch.Elapsed < Interval && value.Done < value.Total)
            return;
        sinceLine = Stopwatch.StartNew();
        console.WriteText(value.ToString());
    }
}

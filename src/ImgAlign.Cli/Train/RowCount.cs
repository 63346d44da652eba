using Spectre.Console;

namespace ImgAlign.Cli.Train;

/// <summary>Says now and then how many rows of Parquet are read.</summary>
internal sealed class RowCount(IAnsiConsole console) : IProgress<long>
{
    private const long Every = 10_000;

    public void Report(long value)
    {
        if (value % Every == 0)
            console.WriteLine($"{value} rows of Parquet read");
    }
}

using System.CommandLine;
using System.Globalization;
using TorchSharp;

namespace ImgAlign.Benchmarks.Comparing;

/// <summary><c>compare NETWORK...</c>: our networks against the reference graphs.</summary>
internal static class CompareCommand
{
    private static readonly Dictionary<string, torch.ScalarType> Types = new()
    {
        ["float32"] = torch.float32,
        ["bfloat16"] = torch.bfloat16,
    };

    public static Command Create()
    {
        var networks = new Argument<string[]>("network")
        {
            Description = $"Which to run; all when none is named: {string.Join(", ", Comparison.All)}.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var type = new Option<string>("--dtype") { Description = "float32 or bfloat16.", DefaultValueFactory = _ => "float32" };
        var threads = new Option<int>("--threads") { Description = "Threads of libtorch; 0 is its own choice." };
        var repeats = new Option<int>("--repeats") { Description = "Timed runs of each side.", DefaultValueFactory = _ => 10 };
        var graphs = new Option<DirectoryInfo>("--graphs")
        {
            Description = "The folder of the reference graphs.",
            DefaultValueFactory = _ => new(Path.Combine(AppContext.BaseDirectory, "graphs")),
        };
        var command = new Command("compare", "Run networks of ours and the reference graphs in turn, and print the ratio of their times.")
        {
            networks.AcceptOnlyFromAmong([.. Comparison.All.Select(comparison => comparison.Name)]),
            type.AcceptOnlyFromAmong([.. Types.Keys]),
            threads,
            repeats,
            graphs.AcceptExistingOnly(),
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(threads) is > 0 and var count)
                torch.set_num_threads(count);
            Print(
                $"{Hardware.Describe()}, {torch.get_num_threads()} threads, {parsed.GetRequiredValue(type)}, libtorch "
                    + $"{torch.__version__}, {parsed.GetValue(repeats)} runs each in turn"
            );
            var chosen = parsed.GetValue(networks) is { Length: > 0 } names
                ? names
                : [.. Comparison.All.Select(comparison => comparison.Name)];
            foreach (var comparison in Comparison.All.Where(comparison => chosen.Contains(comparison.Name)))
                Run(comparison, parsed.GetRequiredValue(graphs).FullName, Types[parsed.GetRequiredValue(type)], parsed.GetValue(repeats));
        });
        return command;
    }

    private static void Run(Comparison comparison, string graphs, torch.ScalarType type, int repeats)
    {
        using var noGrad = torch.no_grad();
        using var exact = type == torch.float32 ? null : Duel.Exact(comparison, graphs);
        using var duel = new Duel(comparison, graphs, type);
        var difference = duel.Compare(exact);
        Duel.Time(2, duel.Reference.Run, duel.Ours.Run); // the graph profiles and optimises itself in its first runs
        Hardware.ResetPeakMemory();
        var times = duel.Ours.HasPreparation
            ? Duel.Time(repeats, duel.Reference.Run, duel.Ours.Run, duel.Ours.RunWithPreparation)
            : Duel.Time(repeats, duel.Reference.Run, duel.Ours.Run);
        var reference = times[0];
        Print($"{comparison.Name}");
        Print($"  reference         {reference}");
        Line("ours", times[1]);
        if (times.Length > 2)
            Line("ours, first step", times[2]);
        Print($"  {difference}, peak memory {Hardware.PeakMemoryBytes() / 1e9:0.00} GB (weights once, both sides)");

        void Line(string label, Sample ours) =>
            Print(
                $"  {label, -17} {ours}, ratio of medians {ours.Median / reference.Median:0.000}, of processor time "
                    + $"{ours.MedianProcessor / reference.MedianProcessor:0.000}"
            );
    }

    private static void Print(string line)
    {
        Console.WriteLine(line);
        Console.Out.Flush();
    }
}

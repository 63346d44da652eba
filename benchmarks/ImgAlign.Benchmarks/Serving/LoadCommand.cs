using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using ImgAlign.Server.Jobs;
using ImgAlign.Server.Tests;

namespace ImgAlign.Benchmarks.Serving;

/// <summary>
/// <c>load</c>: <c>imgalign serve</c> with its worker processes, by ShapeWorld, beside the same rounds in a loop by as many pipelines: what
/// the idle server adds to a round, how fast it works off jobs of many clients, and what becomes of jobs whose workers are killed (SIGKILL).
/// </summary>
internal static class LoadCommand
{
    private const double MostAdded = 50;
    private const double LeastRatio = 0.85;
    private const int IdleShare = 4; // one job for so many of the others

    // Of each pipeline, before its time counts: .NET compiles a method anew after it was called thirty times.
    private const int WarmingRounds = 40;

    public static Command Create()
    {
        var jobs = Number("--jobs", "The jobs of the clients.", 200);
        var clients = Number("--clients", "The clients, each of which has one job at a time.", 20);
        var workers = Number("--workers", "The worker processes, one for each core unless it is said.", Environment.ProcessorCount);
        var command = new Command("load", "Measure imgalign serve against the same rounds in a loop, and kill its workers.")
        {
            jobs,
            clients,
            workers,
        };
        command.SetAction(
            (parsed, token) =>
                RunAsync(parsed.GetRequiredValue(jobs), parsed.GetRequiredValue(clients), parsed.GetRequiredValue(workers), token)
        );
        return command;
    }

    private static async Task<int> RunAsync(int jobs, int clients, int workers, CancellationToken cancellationToken)
    {
        Environment.SetEnvironmentVariable("OMP_NUM_THREADS", "1"); // of the workers, as of the loop
        Console.WriteLine($"{Hardware.Describe()}; {jobs} jobs, {clients} clients, {workers} workers, one thread each");
        Console.WriteLine();
        Console.WriteLine("| | measured | asked |");
        Console.WriteLine("|---|---|---|");
        await using var loop = new RoundLoop(workers);
        await loop.RunAllAsync(0, WarmingRounds * workers);
        await MeasureIdleAsync(loop, Math.Max(1, jobs / IdleShare), cancellationToken);
        await MeasureRateAsync(loop, jobs, clients, workers, cancellationToken);
        return await KillAsync(jobs, clients, workers, cancellationToken) ? 0 : 1;
    }

    // In turn, so that whatever else the machine does slows both down.
    private static async Task MeasureIdleAsync(RoundLoop loop, int jobs, CancellationToken cancellationToken)
    {
        await using var load = await ServerLoad.StartAsync(workers: 1, WarmingRounds, cancellationToken);
        var (inLoop, served) = (new List<double>(), new List<double>());
        for (var number = 0; number < jobs; number++)
        {
            inLoop.Add((await MeasureAsync(load, () => loop.RunAsync(number))).Elapsed.TotalMilliseconds);
            served.Add((await MeasureAsync(load, () => load.RunAsync(number, cancellationToken))).Elapsed.TotalMilliseconds);
        }
        var added = Median(inLoop.Zip(served, static (alone, asJob) => asJob - alone));
        Row("a round in a loop, median", $"{Median(inLoop):0} ms");
        Row("the same as a job of an idle server, median", $"{Median(served):0} ms");
        Row("what the server adds, median", $"{added:0} ms", $"at most {MostAdded:0} ms");
    }

    // The loop before and after, so that a machine which grows faster or slower favours neither.
    private static async Task MeasureRateAsync(RoundLoop loop, int jobs, int clients, int workers, CancellationToken cancellationToken)
    {
        await using var load = await ServerLoad.StartAsync(workers, WarmingRounds * workers, cancellationToken);
        var before = await MeasureAsync(load, () => loop.RunAllAsync(0, jobs / 2));
        var served = await MeasureAsync(load, () => load.RunAllAsync(jobs, clients, cancellationToken));
        var after = await MeasureAsync(load, () => loop.RunAllAsync(jobs / 2, jobs));
        var (loopRate, servedRate) = (jobs / (before.Elapsed + after.Elapsed).TotalSeconds, jobs / served.Elapsed.TotalSeconds);
        Row("rounds in a loop", $"{loopRate:0.00} a second");
        Row($"jobs of {clients} clients", $"{servedRate:0.00} a second");
        Row("their ratio", $"{servedRate / loopRate:0.00}", $"at least {LeastRatio}");
        Row("processor time of a round in a loop", $"{Each(before.Own + after.Own):0} ms");
        Row("of a job, in its worker", $"{Each(served.Workers):0} ms");
        Row("of a job, in the server", $"{Each(served.Server):0} ms");
        Row("of a job, in its client", $"{Each(served.Own):0} ms");

        double Each(TimeSpan all) => all.TotalMilliseconds / jobs;
    }

    private static async Task<bool> KillAsync(int jobs, int clients, int workers, CancellationToken cancellationToken)
    {
        await using var load = await ServerLoad.StartAsync(workers, WarmingRounds * workers, cancellationToken);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var killing = load.KillWorkersAsync(end.Token);
        var ended = await load.RunAllAsync(jobs, clients, cancellationToken);
        await end.CancelAsync();
        var kills = await killing;
        var lost = ended.Count(static job => job.State != JobState.Succeeded);
        var again = ended.Sum(static job => job.Attempt - 1);
        // A job that was begun more often than workers died was run twice; one that was queued twice is in the history twice.
        var twice = Math.Max(0, again - kills) + (await load.CountAsync(cancellationToken) - jobs);
        Row("workers killed", $"{kills}");
        Row("jobs begun again", $"{again}");
        Row("jobs lost", $"{lost}", "0");
        Row("jobs done twice", $"{twice}", "0");
        return (lost, twice) == (0, 0);
    }

    private static async Task<Cost> MeasureAsync(ServerLoad load, Func<Task> work)
    {
        var (own, (server, workers)) = (Environment.CpuUsage.TotalTime, load.ProcessorTime);
        var began = Stopwatch.GetTimestamp();
        await work();
        var elapsed = Stopwatch.GetElapsedTime(began);
        var (serverEnd, workersEnd) = load.ProcessorTime;
        return new Cost(elapsed, Environment.CpuUsage.TotalTime - own, serverEnd - server, workersEnd - workers);
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    private static void Row(string what, FormattableString measured, string asked = "") =>
        Console.WriteLine($"| {what} | {FormattableString.Invariant(measured)} | {asked} |");

    private static Option<int> Number(string name, string description, int value)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.GetValue(option) < 1)
                result.AddError($"{name} must be 1 or more.");
        });
        return option;
    }

    /// <summary>What some work took: its time, and the processor time of this process, of the server and of its workers.</summary>
    private sealed record Cost(TimeSpan Elapsed, TimeSpan Own, TimeSpan Server, TimeSpan Workers);
}

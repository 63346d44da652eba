using System.CommandLine;
using ImgAlign.Checkpoints;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Serve;
using ImgAlign.Cli.Train;
using ImgAlign.DependencyInjection;
using ImgAlign.Runtime;
using ImgAlign.Server;
using ImgAlign.Training.Aligner;
using ImgAlign.Training.Data;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign features</c>: computes what the training of an aligner needs of the frozen networks, here or by workers.</summary>
internal static class FeaturesCommand
{
    public static Command Create(Terminal terminal)
    {
        var pairs = new Option<string?>("--pairs")
        {
            Description =
                $"The preference pairs: a folder with {PreferenceFolder.FileName}, or Parquet; the file's "
                + $"{AlignerModels.Section}:{nameof(AlignerTrainingOptions.DataPath)} unless it is said.",
        };
        var output = new Option<string>("--out")
        {
            Description = "The folder of the features, which train aligner takes as its data; what is there is not made again.",
            Required = true,
        };
        var queue = new Option<bool>("--queue")
        {
            Description =
                "Have the workers of a queue (imgalign work, imgalign serve) make them, and wait; --data and IMGALIGN_POSTGRES say which "
                + "queue. Workers see pairs and folder under the same paths.",
        };
        var data = ServeOptions.CreateData();
        var command = new Command(
            "features",
            "Compute the features of preference pairs that the training of an aligner needs, in shards. The file of --config holds a "
                + $"section {AlignerModels.Section} beside {ModelConfiguration.Section}."
        );
        Option[] own = [pairs, output, queue, data];
        foreach (var option in own.Concat(ModelConfiguration.Options))
            command.Add(option);
        command.SetAction(
            async (parsed, token) =>
            {
                if (parsed.GetResult(data) is { Implicit: false } && !parsed.GetValue(queue))
                    throw new ImgAlignException($"{data.Name} says which queue makes the features; give {queue.Name} with it.");
                var models = ModelConfiguration.Read(parsed, RequiredModels.Backbone | RequiredModels.Detector);
                var options = ModelConfiguration.ReadSection(parsed, AlignerModels.Section).GetStrictly<AlignerTrainingOptions>();
                var source = parsed.GetValue(pairs) ?? options.DataPath;
                if (source.Length == 0)
                    throw new ImgAlignException($"There are no pairs: give {pairs.Name}.");
                await using var services = ModelServices.Build(models);
                var frozen = AlignerModels.Find(services, models);
                var folder = FeatureFolder.Begin(parsed.GetValue(output)!, source, frozen, options.KeepHiddenStates, options.PairsPerShard);
                var lines = new FeatureLines(terminal.Error);
                if (parsed.GetValue(queue))
                    await MakeByWorkersAsync(folder, parsed.GetValue(data)!, lines, token);
                else
                    await services.GetRequiredService<DeviceRuntime>().RunAsync(() => folder.MakeMissing(frozen, lines, token), token);
                terminal.Out.WriteText(folder.Path);
                return 0;
            }
        );
        return command;
    }

    private static async Task MakeByWorkersAsync(
        FeatureFolder folder,
        string data,
        IProgress<FeatureProgress> progress,
        CancellationToken cancellationToken
    )
    {
        var missing = folder.FindMissing();
        var made = new MadeByWorkers(folder, folder.ShardCount - missing.Count, progress);
        made.Report(0);
        using var work = new WorkQueue(
            new ImgAlignServerOptions { DataPath = data, Postgres = ServeOptions.Variable("IMGALIGN_POSTGRES") }
        );
        await work.RunAsync(FeatureWork.Name, [.. missing.Select(shard => FeatureWork.Argument(folder, shard))], made, cancellationToken);
        if (folder.FindMissing() is { Count: > 0 } elsewhere)
            throw new ImgAlignException(
                $"Workers have made {elsewhere.Count} shards that are not in {folder.Path}; give all of them the same folder under this path."
            );
        AtomicFile.DeleteUnfinished(folder.Path, "shard-*"); // of workers that were killed
    }

    // The pieces of work that are done, as shards that are there.
    private sealed class MadeByWorkers(FeatureFolder folder, int before, IProgress<FeatureProgress> progress) : IProgress<int>
    {
        public void Report(int value) => progress.Report(folder.ProgressAt(before + value));
    }
}

using System.Text.Json;
using ImgAlign.Runtime;
using ImgAlign.Server;
using ImgAlign.Training.Data;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Cli.Train;

/// <summary>A worker's part of <c>imgalign features --queue</c>: makes one shard with the worker's models.</summary>
/// <param name="services">The models.</param>
/// <param name="configuration">Their configuration.</param>
internal sealed class FeatureWork(IServiceProvider services, IConfigurationSection configuration) : IQueuedWork
{
    /// <summary>The name in the queue.</summary>
    public const string Name = "features";

    /// <inheritdoc/>
    public string Kind => Name;

    /// <summary>What a worker is told.</summary>
    /// <param name="folder">The folder, which workers see under the same path.</param>
    /// <param name="shard">The shard to make.</param>
    public static string Argument(FeatureFolder folder, int shard) => JsonSerializer.Serialize(new Piece(folder.Path, shard));

    /// <inheritdoc/>
    public async Task RunAsync(string argument, CancellationToken cancellationToken)
    {
        var piece = JsonSerializer.Deserialize<Piece>(argument)!;
        var folder = FeatureFolder.Open(piece.Folder);
        var models = AlignerModels.Find(services, configuration);
        await services
            .GetRequiredService<DeviceRuntime>()
            .RunAsync(() => folder.Make(piece.Shard, models, cancellationToken), cancellationToken);
    }

    private sealed record Piece(string Folder, int Shard);
}

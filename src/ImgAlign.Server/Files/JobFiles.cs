using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using ImgAlign.Server.Jobs;

namespace ImgAlign.Server.Files;

/// <summary>
/// The files of jobs: the picture that one aligns, and for each attempt, apart from those of all others, its pictures and what is told
/// while it runs. Which attempt counts, the job says; so nothing that is left of the others, or comes late, is ever seen. Names are made
/// of ids that the server made, never of what a request says.
/// </summary>
internal sealed class JobFiles(IFileStore store)
{
    /// <summary>What the picture that a job aligns is called, in a request that is queued, too.</summary>
    public const string InputName = "input";

    private const string Root = "jobs/";

    /// <summary>A new id for a job.</summary>
    public static string NewId() => Guid.CreateVersion7().ToString("N");

    /// <summary>Reads an id of a request; null: it cannot be one.</summary>
    public static string? ReadId(string text) => Guid.TryParseExact(text, "N", out var id) ? id.ToString("N") : null;

    /// <summary>Keeps the picture that a job aligns.</summary>
    public Task WriteInputAsync(string id, byte[] picture, CancellationToken cancellationToken) =>
        store.WriteAsync(InputOf(id), picture, cancellationToken);

    /// <summary>The picture that a job aligns.</summary>
    /// <exception cref="ImgAlignException">It is gone.</exception>
    public async Task<byte[]> ReadInputAsync(string id, CancellationToken cancellationToken) =>
        await store.ReadAsync(InputOf(id), cancellationToken) ?? throw new ImgAlignException("The picture to align is no longer kept.");

    /// <summary>Keeps a picture of a running job.</summary>
    public Task WriteAsync(Job job, string name, byte[] picture, CancellationToken cancellationToken) =>
        store.WriteAsync(FolderOf(job) + name, picture, cancellationToken);

    /// <summary>A picture of a finished job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="name">A name that came with a request; it is only compared.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ApiException">The job has no such picture.</exception>
    public async Task<byte[]> ReadAsync(Job job, string name, CancellationToken cancellationToken)
    {
        var file =
            name == InputName && job.Request.Image is not null
                ? InputOf(job.Id)
                : NamesOf(job).FirstOrDefault(known => known == FolderOf(job) + name)
                    ?? throw ApiException.NotFound("This job has no such picture; its result names those that there are.");
        return await store.ReadAsync(file, cancellationToken) ?? throw ApiException.NotFound("The picture is no longer kept.");
    }

    /// <summary>Keeps what is told of a running job.</summary>
    /// <param name="job">The job.</param>
    /// <param name="number">Counts from 1 what is told of an attempt.</param>
    /// <param name="events">What is told.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    public Task WriteEventsAsync(Job job, int number, IReadOnlyList<JobEvent> events, CancellationToken cancellationToken) =>
        store.WriteAsync(EventsOf(job, number), JsonSerializer.SerializeToUtf8Bytes(events, ServerJson.Options), cancellationToken);

    /// <summary>What was told of a job; null: not that much was told.</summary>
    public async Task<IReadOnlyList<JobEvent>?> ReadEventsAsync(Job job, int number, CancellationToken cancellationToken) =>
        await store.ReadAsync(EventsOf(job, number), cancellationToken) is { } content
            ? JsonSerializer.Deserialize<List<JobEvent>>(content, ServerJson.Options)
            : null;

    /// <summary>Deletes what belongs to a job.</summary>
    public async Task DeleteAsync(string id, CancellationToken cancellationToken)
    {
        await foreach (var file in store.ListAsync(Root + id + "/", cancellationToken))
            await store.DeleteAsync(file.Name, cancellationToken);
    }

    /// <summary>Deletes a file of a job.</summary>
    public Task DeleteAsync(StoredFile file, CancellationToken cancellationToken) => store.DeleteAsync(file.Name, cancellationToken);

    /// <summary>All files of all jobs, with the jobs' ids.</summary>
    public async IAsyncEnumerable<(string Id, StoredFile File)> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var file in store.ListAsync(Root, cancellationToken))
        {
            if (ReadId(file.Name.Split('/')[1]) is { } id)
                yield return (id, file);
        }
    }

    /// <summary>Asks the store for anything.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        await foreach (var _ in store.ListAsync(Root, cancellationToken))
            return;
    }

    /// <summary>The names of the files that a finished job is made of.</summary>
    public static IEnumerable<string> NamesOf(Job job) =>
        (job.Result?.Pictures ?? [])
            .SelectMany(static picture => picture.Files)
            .Select(file => FolderOf(job) + file)
            .Append(InputOf(job.Id));

    private static string InputOf(string id) => $"{Root}{id}/{InputName}";

    // Of the worker's name, the part that is another one for each attempt.
    private static string FolderOf(Job job) => $"{Root}{job.Id}/{job.Worker?.Split(':')[^1]}/";

    private static string EventsOf(Job job, int number) =>
        $"{FolderOf(job)}events/{number.ToString("D6", CultureInfo.InvariantCulture)}.json";
}

using System.Diagnostics;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text.Json;
using ImgAlign.Imaging;
using ImgAlign.Server.Files;
using ImgAlign.Server.Jobs;
using Npgsql;
using Xunit.Abstractions;

namespace ImgAlign.Server.Tests.Chaos;

/// <summary>Jobs over machines, while workers, server, network and database connections are killed, frozen and cut at random.</summary>
[SupportedOSPlatform("linux")]
[Trait("Category", "Chaos")]
public sealed class ChaosTests(ITestOutputHelper output)
{
    private const int Waiting = 5;
    private const int Seeds = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Ask = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, string> finished = [];

    [ChaosFact]
    public async Task No_job_is_lost_or_done_twice()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        output.WriteLine($"The seed of what happens is {seed}.");
        using var fleet = await Fleet.StartAsync();
        var end = Stopwatch.GetTimestamp() + (long)(ChaosFactAttribute.Duration.TotalSeconds * Stopwatch.Frequency);
        using var calm = new CancellationTokenSource();
        var submission = SubmitAsync(fleet, calm.Token);
        var disturbances = await DisturbAsync(fleet, random, end);
        await calm.CancelAsync();
        var asked = await submission;
        var jobs = await FinishAsync(fleet, asked);
        output.WriteLine(
            $"{asked.Count} jobs, {disturbances} disturbances, {jobs.Count(static job => job.Attempt > 1)} jobs ran more than once."
        );
        Assert.NotEmpty(jobs);
        Assert.All(jobs, static job => Assert.Equal((job.Id, JobState.Succeeded), (job.Id, job.State)));
        Assert.Equal(asked.Order(), fleet.OpenStore().All().Order()); // none is there twice, by a request that was sent again
        AssertOrder(jobs, fleet.Ended);
        await AssertPicturesAsync(fleet, jobs);
    }

    private static async Task<int> DisturbAsync(Fleet fleet, Random random, long end)
    {
        var count = 0;
        var store = fleet.OpenStore();
        while (Stopwatch.GetTimestamp() < end)
        {
            await Task.Delay(TimeSpan.FromSeconds(1 + 3 * random.NextDouble()));
            var choice = MayLoseWorkers(store) ? [.. fleet.OfWorkers, .. fleet.OfServer] : fleet.OfServer;
            // Longer or shorter than a worker may be silent.
            var pause = TimeSpan.FromSeconds(random.NextDouble() * 2 * JobKeeper.Patience.TotalSeconds);
            await choice[random.Next(choice.Count)].Run(random.Next(2), pause);
            count++;
        }
        return count;
    }

    // A job that has lost two workers fails with the third: that is a rule, and another test's.
    private static bool MayLoseWorkers(JobStore store)
    {
        try
        {
            return !store.All().Take(2 * Waiting).Select(store.Find).Any(static job => job is { IsFinished: false, Attempt: > 1 });
        }
        catch (NpgsqlException)
        {
            return false; // the connection was closed by the last disturbance
        }
    }

    // Some jobs wait at all times. Who gets no answer sends the same again.
    private async Task<List<string>> SubmitAsync(Fleet fleet, CancellationToken calm)
    {
        var ids = new List<string>();
        for (var number = 0; !calm.IsCancellationRequested; )
        {
            try
            {
                using var patience = new CancellationTokenSource(Ask);
                if (await LookAsync(fleet, ids, patience.Token) >= Waiting)
                {
                    await Task.Delay(Retry, CancellationToken.None);
                    continue;
                }
                using var request = new HttpRequestMessage(HttpMethod.Post, "api/jobs") { Content = JsonContent.Create(RequestOf(number)) };
                request.Headers.Add("Idempotency-Key", $"chaos-{number}");
                using var answer = await fleet.Server.Client.SendAsync(request, patience.Token);
                if ((int)answer.StatusCode >= 500)
                    throw new HttpRequestException("The server has a moment of trouble.");
                Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(patience.Token));
                ids.Add((await answer.Content.ReadFromJsonAsync<Job>(ServerJson.Options, patience.Token))!.Id);
                number++;
            }
            catch (Exception exception) when (IsTrouble(exception))
            {
                await Task.Delay(Retry, CancellationToken.None);
            }
        }
        return ids;
    }

    private static object RequestOf(int number) =>
        new
        {
            prompt = "a red circle left of a blue square",
            seed = number % Seeds,
            rounds = 1,
            steps = 20,
            previews = 2,
        };

    private async Task<List<Job>> FinishAsync(Fleet fleet, List<string> ids)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                if (await LookAsync(fleet, ids, patience.Token) == 0)
                    break;
            }
            catch (Exception exception) when (IsTrouble(exception) && !patience.IsCancellationRequested) { }
            await Task.Delay(Retry, patience.Token);
        }
        return [.. ids.Select(id => JsonSerializer.Deserialize<Job>(finished[id], ServerJson.Options)!)];
    }

    // How many jobs are not finished; what is finished stays as it is.
    private async Task<int> LookAsync(Fleet fleet, List<string> ids, CancellationToken cancellationToken)
    {
        var left = 0;
        foreach (var id in ids)
        {
            var text = await fleet.Server.Client.GetStringAsync($"api/jobs/{id}", cancellationToken);
            var job = JsonSerializer.Deserialize<Job>(text, ServerJson.Options)!;
            if (finished.TryGetValue(id, out var before))
                Assert.Equal(before, text);
            else if (job.IsFinished)
                finished[id] = text;
            else
                left++;
        }
        return left;
    }

    private static bool IsTrouble(Exception exception) =>
        exception is HttpRequestException or OperationCanceledException or ObjectDisposedException or IOException;

    // Jobs begin as they came, but for those that lost their worker, or were given back by one that was asked to end.
    private static void AssertOrder(List<Job> jobs, int ended)
    {
        var begun = jobs.Where(static job => job.Attempt == 1)
            .OrderBy(static job => job.CreatedAt)
            .Select(static job => job.StartedAt!.Value);
        var longest = new List<DateTimeOffset>(); // the least ends of rising sequences of each length
        var count = 0;
        foreach (var time in begun)
        {
            count++;
            var place = longest.BinarySearch(time);
            place = place < 0 ? ~place : place + 1;
            if (place == longest.Count)
                longest.Add(time);
            else
                longest[place] = time;
        }
        Assert.InRange(count - longest.Count, 0, ended);
    }

    // Every file is whole, whatever attempt it is of, and jobs of one seed have made the same picture.
    private static async Task AssertPicturesAsync(Fleet fleet, List<Job> jobs)
    {
        var store = fleet.OpenFiles();
        await foreach (var file in store.ListAsync("jobs/", default))
        {
            if (Path.GetFileName(file.Name).StartsWith('.'))
                continue; // what a worker was writing when it was killed has no name that is ever read
            var content = (await store.ReadAsync(file.Name, default))!;
            if (file.Name.EndsWith(".png", StringComparison.Ordinal))
                ImageFile.Decode(content, file.Name);
            else
                JsonSerializer.Deserialize<List<JobEvent>>(content, ServerJson.Options);
        }
        var known = new Dictionary<long, byte[]>();
        foreach (var picture in jobs.SelectMany(static job => job.Result!.Pictures))
        {
            var kept = await fleet.Server.Client.GetByteArrayAsync(picture.Image);
            if (!known.TryAdd(picture.Seed, kept))
                Assert.Equal(known[picture.Seed], kept);
        }
    }
}

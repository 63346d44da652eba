using Hangfire;
using ImgAlign.Server.Jobs;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Server.Tests;

public sealed class JobFollowerTests
{
    [Fact]
    public async Task A_take_of_which_only_the_attempt_is_written_is_no_state()
    {
        await using var server = await TestServer.StartAsync(withWorker: false);
        var id = (await server.SubmitAsync(new { prompt = "red" })).Id;
        var store = server.Services.GetRequiredService<JobStore>();
        var told = new List<(JobState, int)>();
        await foreach (var happened in server.Services.GetRequiredService<JobFollower>().FollowAsync(id, CancellationToken.None))
        {
            if (happened is not StateEvent { Job: { } job })
                continue;
            told.Add((job.State, job.Attempt));
            if (told.Count == 1)
            {
                using var connection = server.Services.GetRequiredService<JobStorage>().GetConnection();
                connection.SetRangeInHash(JobStore.KeyOf(id), [KeyValuePair.Create("attempt", "1")]);
                _ = Task.Delay(1500).ContinueWith(_ => store.Cancel(id), TaskScheduler.Default); // after the follower has looked
            }
        }
        Assert.Equal([(JobState.Queued, 0), (JobState.Cancelled, 1)], told);
    }
}

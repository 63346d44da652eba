using System.Net.ServerSentEvents;
using System.Text;
using ImgAlign.Server.Api;
using ImgAlign.Server.Files;
using ImgAlign.Server.Jobs;
using ImgAlign.Server.Work;
using Microsoft.AspNetCore.Http;

namespace ImgAlign.Server.Tests;

public sealed class ReportingTests
{
    private static readonly Job Job = new()
    {
        Id = JobFiles.NewId(),
        State = JobState.Running,
        Request = new JobRequest { Prompt = "red" },
        CreatedAt = DateTimeOffset.UtcNow,
    };

    [Fact]
    public async Task A_server_that_was_away_is_told_all_of_the_job_again()
    {
        var server = new AwayAtFirst();
        await using (var reporter = new JobReporter(Job, server))
        {
            reporter.Report(new PictureEvent(0, "first"));
            await server.Asked;
            reporter.Report(new PictureEvent(1, "second"));
        }
        Assert.Equal(["first", "second"], server.Taken.OfType<PictureEvent>().Select(static picture => picture.Png));
    }

    [Fact]
    public async Task Much_is_told_in_pieces_and_each_picture_once()
    {
        var server = new AwayAtFirst();
        var png = new string('A', 3 << 20);
        await using (var reporter = new JobReporter(Job, server))
        {
            reporter.Report(new PictureEvent(0, png));
            await server.Asked;
            for (var item = 1; item < 8; item++)
                reporter.Report(new PictureEvent(item, png));
        }
        Assert.Equal(Enumerable.Range(0, 8), server.Taken.OfType<PictureEvent>().Select(static picture => picture.Item));
        Assert.Equal(1, server.LargestPiece);
    }

    [Fact]
    public async Task Silence_in_a_stream_is_a_comment()
    {
        var context = new DefaultHttpContext { Response = { Body = new MemoryStream() } };
        await new EventStream(Items(), ServerJson.OpenAi).ExecuteAsync(context);
        var text = Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray());
        Assert.Equal("event: one\ndata: {\"value\":1}\n\n: nothing new\n\nevent: two\ndata: 2\n\n", text);
        var read = SseParser.Create(new MemoryStream(Encoding.UTF8.GetBytes(text))).Enumerate().Select(static item => item.EventType);
        Assert.Equal(["one", "two"], read);

        static async IAsyncEnumerable<SseItem<object>?> Items()
        {
            yield return new SseItem<object>(new { value = 1 }, "one");
            await Task.Yield();
            yield return null;
            yield return new SseItem<object>(2, "two");
        }
    }

    private sealed class AwayAtFirst : IJobEvents
    {
        private readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Asked => asked.Task;

        public List<JobEvent> Taken { get; } = [];

        public int LargestPiece { get; private set; }

        public Task<bool> PublishAsync(Job job, IReadOnlyList<JobEvent> events)
        {
            LargestPiece = Math.Max(LargestPiece, events.Count);
            var isAway = asked.TrySetResult();
            if (!isAway)
                Taken.AddRange(events);
            return Task.FromResult(!isAway);
        }
    }
}

using System.Diagnostics;
using System.Threading.Channels;
using ImgAlign.Server.Jobs;

namespace ImgAlign.Server.Work;

/// <summary>
/// Hands on what is told of a job without holding up the run: of what waits, progress and previews that are overtaken are left out, and so
/// are steps that follow each other quickly. After a server was away, which may have been started anew, it is told all of the job again.
/// Much is told in pieces, so that each of them arrives in time.
/// </summary>
internal sealed class JobReporter : IAsyncDisposable
{
    private static readonly TimeSpan StepPause = TimeSpan.FromMilliseconds(100);

    // Of a piece's pictures, in characters of base64; a larger picture is a piece of its own.
    private const int PieceLength = 4 << 20;

    private readonly Channel<JobEvent> events = Channel.CreateUnbounded<JobEvent>();
    private readonly List<JobEvent> all = [];
    private readonly Task sending;
    private long stepTold;

    public JobReporter(Job job, IJobEvents target) => sending = Task.Run(() => SendAsync(job, target));

    /// <summary>How far the job is.</summary>
    public JobProgress? Progress { get; private set; }

    public void Report(JobEvent happened)
    {
        if (happened is ProgressEvent { Progress: var progress })
        {
            Progress = progress;
            if (progress.Step > 0 && Stopwatch.GetElapsedTime(stepTold) < StepPause)
                return;
            stepTold = Stopwatch.GetTimestamp();
        }
        events.Writer.TryWrite(happened);
    }

    /// <summary>Ends after what is left has been handed on.</summary>
    public async ValueTask DisposeAsync()
    {
        events.Writer.Complete();
        await sending;
    }

    private async Task SendAsync(Job job, IJobEvents target)
    {
        var untold = new List<JobEvent>();
        while (await events.Reader.WaitToReadAsync())
        {
            bool wasTaken;
            do
            {
                while (events.Reader.TryRead(out var happened))
                {
                    happened.AddTo(untold);
                    happened.AddTo(all);
                }
                var piece = FirstPiece(untold);
                wasTaken = await target.PublishAsync(job, piece);
                if (wasTaken)
                    untold.RemoveRange(0, piece.Count);
                else
                    untold = [.. all];
            } while (wasTaken && untold.Count > 0);
        }
    }

    private static List<JobEvent> FirstPiece(List<JobEvent> untold)
    {
        long length = 0;
        return [.. untold.TakeWhile((happened, i) => (length += LengthOf(happened)) <= PieceLength || i == 0)];
    }

    private static int LengthOf(JobEvent happened) =>
        happened switch
        {
            PreviewEvent preview => preview.Png.Length,
            PictureEvent picture => picture.Png.Length,
            CandidateEvent candidate => candidate.Png.Length,
            _ => 0,
        };
}

/// <summary>Where workers tell what happens to a job; what is told there may be lost, the store has what matters.</summary>
internal interface IJobEvents
{
    /// <returns>Whether they have arrived.</returns>
    Task<bool> PublishAsync(Job job, IReadOnlyList<JobEvent> events);
}

/// <summary>The server in the same process.</summary>
internal sealed class LocalJobEvents(JobHub hub) : IJobEvents
{
    public Task<bool> PublishAsync(Job job, IReadOnlyList<JobEvent> events)
    {
        hub.Publish(job.Id, events);
        return Task.FromResult(true);
    }
}

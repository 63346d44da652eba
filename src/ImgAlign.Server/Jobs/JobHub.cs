using System.Collections.Concurrent;
using System.Threading.Channels;

namespace ImgAlign.Server.Jobs;

/// <summary>What workers of this server tell of jobs while they run, for whoever looks: what was told before comes first. It is gone when
/// a job ends, and with the process; the state of a job is in the store.</summary>
internal sealed class JobHub
{
    private const int Unread = 256;

    private readonly ConcurrentDictionary<string, Channels> jobs = new();

    /// <summary>Hands events on.</summary>
    public void Publish(string id, IEnumerable<JobEvent> events)
    {
        var job = jobs.GetOrAdd(id, static _ => new Channels());
        foreach (var happened in events)
            job.Publish(happened);
    }

    /// <summary>Tells that a job is to be read again, from its beginning.</summary>
    public void Restart(string id)
    {
        if (jobs.TryGetValue(id, out var job))
            job.Restart();
    }

    /// <summary>Follows a job.</summary>
    public Subscription Subscribe(string id) => jobs.GetOrAdd(id, static _ => new Channels()).Subscribe();

    /// <summary>Forgets a job that is finished.</summary>
    public void Forget(string id) => jobs.TryRemove(id, out _);

    /// <summary>Forgets the jobs that are finished and that nobody follows.</summary>
    public void Forget(Func<string, bool> isFinished)
    {
        foreach (var id in jobs.Keys.Where(isFinished))
            Forget(id);
    }

    /// <summary>One who follows a job; to one who reads slowly, progress and previews are not told.</summary>
    internal sealed class Subscription(ChannelReader<JobEvent> events, Action end) : IDisposable
    {
        public ChannelReader<JobEvent> Events { get; } = events;

        public void Dispose() => end();
    }

    private sealed class Channels
    {
        private readonly Lock gate = new();
        private readonly List<Channel<JobEvent>> readers = [];
        private readonly List<JobEvent> past = [];

        public void Publish(JobEvent happened)
        {
            lock (gate)
            {
                // Of events that overtake each other, the last one tells all.
                if (happened is not StateEvent)
                    happened.AddTo(past);
                foreach (var reader in readers)
                {
                    if (reader.Reader.Count < Unread || happened is not (ProgressEvent or PreviewEvent))
                        reader.Writer.TryWrite(happened);
                }
            }
        }

        public void Restart()
        {
            lock (gate)
                past.Clear();
            Publish(new StateEvent(null));
        }

        public Subscription Subscribe()
        {
            var channel = Channel.CreateUnbounded<JobEvent>();
            lock (gate)
            {
                foreach (var happened in past)
                    channel.Writer.TryWrite(happened);
                readers.Add(channel);
            }
            return new Subscription(channel.Reader, () => End(channel));
        }

        private void End(Channel<JobEvent> channel)
        {
            lock (gate)
                readers.Remove(channel);
        }
    }
}

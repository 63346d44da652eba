using Hangfire;
using Hangfire.Storage;
using Hangfire.Storage.SQLite;
using ImgAlign.Server.Files;
using ImgAlign.Server.Jobs;

namespace ImgAlign.Server.Tests;

/// <summary>The queue over both stores.</summary>
public sealed class JobStoreTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("imgalign-store-").FullName;

    // Hangfire has one log for the process: that of a server which is gone.
    public JobStoreTests() => Hangfire.Logging.LogProvider.SetCurrentLogProvider(null);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    // Two processes of one server: each opens the storage for itself.
    private static (JobStore First, JobStore Second, Clock Clock) Open(Func<JobStorage> open)
    {
        var clock = new Clock();
        return (new JobStore(open(), clock), new JobStore(open(), clock), clock);
    }

    private Func<JobStorage> Sqlite => () => JobStorageFactory.Open(new ImgAlignServerOptions { DataPath = folder });

    private static bool Anything(Job job) => true;

    private static string Add(
        JobStore store,
        string prompt = "red",
        JobPriority priority = JobPriority.Normal,
        string? key = null,
        QueuedWork? work = null
    ) =>
        store
            .Submit(
                JobFiles.NewId(),
                new JobRequest
                {
                    Prompt = prompt,
                    Seed = 1,
                    Priority = priority,
                },
                prompt,
                key,
                limit: 100,
                work
            )
            .Id;

    [Fact]
    public void Sqlite_keeps_the_order_and_the_priority() => Keeps_the_order_and_the_priority(Sqlite);

    [PostgresFact]
    public void Postgres_keeps_the_order_and_the_priority() => Keeps_the_order_and_the_priority(Postgres.NewDatabase());

    private static void Keeps_the_order_and_the_priority(Func<JobStorage> open)
    {
        var (store, other, clock) = Open(open);
        var low = Add(store, priority: JobPriority.Low);
        var first = Add(store);
        var second = Add(other); // of another server, at the same time
        clock.Now -= TimeSpan.FromSeconds(1); // and of one whose clock is slow
        var third = Add(other);
        var high = Add(store, priority: JobPriority.High);
        Assert.Equal(
            [high, first, second, third, low],
            Enumerable.Range(0, 5).Select(i => (i % 2 == 0 ? store : other).Take("worker", Anything)!.Value.Job.Id)
        );
        Assert.Null(store.Take("worker", Anything));
    }

    [Fact]
    public void Sqlite_gives_a_worker_what_it_can_do() => Gives_a_worker_what_it_can_do(Sqlite);

    [PostgresFact]
    public void Postgres_gives_a_worker_what_it_can_do() => Gives_a_worker_what_it_can_do(Postgres.NewDatabase());

    private static void Gives_a_worker_what_it_can_do(Func<JobStorage> open)
    {
        var (store, other, _) = Open(open);
        var low = Add(store, priority: JobPriority.Low, work: new QueuedWork("sing", "low"));
        var picture = Add(store);
        var first = Add(other, work: new QueuedWork("sing", "first")); // another server's, at the same time
        var dance = Add(store, work: new QueuedWork("dance", ""));
        var high = Add(store, priority: JobPriority.High);
        Assert.Equal([first, low], Enumerable.Range(0, 2).Select(_ => store.Take("singer", Sings)!.Value.Job.Id));
        Assert.Null(store.Take("singer", Sings));
        Assert.Equal(
            [high, picture],
            Enumerable.Range(0, 2).Select(_ => other.Take("painter", static job => job.Work is null)!.Value.Job.Id)
        );
        Assert.Equal((JobState.Queued, 0), (store.Find(dance)!.State, store.Find(dance)!.Attempt));

        static bool Sings(Job job) => job.Work?.Kind == "sing";
    }

    [Fact]
    public void Sqlite_runs_a_job_again_whose_worker_died_and_at_its_old_place() => Runs_again(Sqlite);

    [PostgresFact]
    public void Postgres_runs_a_job_again_whose_worker_died_and_at_its_old_place() => Runs_again(Postgres.NewDatabase());

    private static void Runs_again(Func<JobStorage> open)
    {
        var (store, other, clock) = Open(open);
        var (lost, next) = (Add(store), Add(store));
        Assert.Equal(lost, store.Take("first", Anything)!.Value.Job.Id);
        clock.Now += JobKeeper.Patience - TimeSpan.FromSeconds(1);
        Assert.Empty(other.Tend(JobKeeper.Patience));
        clock.Now += TimeSpan.FromSeconds(2);
        Assert.Equal([lost], other.Tend(JobKeeper.Patience));
        Assert.Equal(WorkOrder.Leave, store.Beat(lost, "first", null));
        var again = other.Take("second", Anything)!.Value.Job;
        Assert.Equal((lost, 2), (again.Id, again.Attempt));
        Assert.False(store.Finish(lost, "first", JobState.Succeeded)); // not its own any more
        other.Beat(lost, "second", new JobProgress(0.94, default, 1, 3, 4));
        Assert.True(other.Finish(lost, "second", JobState.Succeeded));
        Assert.False(store.Finish(lost, "first", JobState.Failed)); // nor later
        Assert.Equal((JobState.Succeeded, "second"), (store.Find(lost)!.State, store.Find(lost)!.Worker));
        Assert.Equal(1, store.Find(lost)!.Progress!.Value);
        Assert.Equal(next, store.Take("third", Anything)!.Value.Job.Id);
    }

    [Fact]
    public void Sqlite_never_runs_a_long_job_twice_at_once() => Runs_once(Sqlite);

    [PostgresFact]
    public void Postgres_never_runs_a_long_job_twice_at_once() => Runs_once(Postgres.NewDatabase());

    // Longer than the time after which both stores give out a ticket again (half an hour).
    private static void Runs_once(Func<JobStorage> open)
    {
        var (store, other, clock) = Open(open);
        var id = Add(store);
        Assert.NotNull(store.Take("worker", Anything));
        for (var second = 0; second < 7200; second += 5)
        {
            clock.Now += TimeSpan.FromSeconds(5);
            Assert.Equal(WorkOrder.GoOn, store.Beat(id, "worker", null));
            if (second % 600 != 0)
                continue;
            Assert.Empty(other.Tend(JobKeeper.Patience));
            Assert.Null(other.Take("other", Anything));
        }
        Assert.True(store.Finish(id, "worker", JobState.Succeeded));
    }

    [Fact]
    public void Sqlite_gives_a_job_to_one_of_many_workers() => Gives_each_job_once(Sqlite);

    [PostgresFact]
    public void Postgres_gives_a_job_to_one_of_many_workers() => Gives_each_job_once(Postgres.NewDatabase());

    private static void Gives_each_job_once(Func<JobStorage> open)
    {
        const int Jobs = 24;
        var (store, other, clock) = Open(open);
        var added = Enumerable.Range(0, Jobs).Select(_ => Add(store)).ToList();
        var third = new JobStore(open(), clock);
        var taken = new[] { store, other, third }
            .AsParallel()
            .SelectMany(taker => Enumerable.Range(0, Jobs / 3).Select(_ => taker.Take("worker", Anything)!.Value.Job.Id).ToList())
            .ToList();
        Assert.Equal(added.Order(), taken.Order());
    }

    [Fact]
    public void Sqlite_cancels_gives_up_and_counts() => Cancels_gives_up_and_counts(Sqlite);

    [PostgresFact]
    public void Postgres_cancels_gives_up_and_counts() => Cancels_gives_up_and_counts(Postgres.NewDatabase());

    private static void Cancels_gives_up_and_counts(Func<JobStorage> open)
    {
        var (store, other, clock) = Open(open);
        var deadly = Add(store);
        for (var attempt = 1; attempt <= JobStore.MaxAttempts; attempt++)
        {
            Assert.Equal(attempt, store.Take("worker", Anything)!.Value.Job.Attempt);
            clock.Now += 2 * JobKeeper.Patience;
            other.Tend(JobKeeper.Patience);
        }
        Assert.Equal((JobState.Failed, JobError.WorkerDied), (store.Find(deadly)!.State, store.Find(deadly)!.Error!.Code));

        var returned = Add(store, "blue", key: "key");
        store.Take("worker", Anything);
        store.Return(returned, "worker");
        Assert.Equal((JobState.Queued, 0), (store.Find(returned)!.State, store.Find(returned)!.Attempt));
        Assert.Equal(returned, Add(other, "blue", key: "key"));
        store.Take("worker", Anything);
        other.Cancel(returned);
        Assert.Equal(WorkOrder.Cancel, store.OrderFor(returned, "worker"));
        Assert.True(store.Finish(returned, "worker", JobState.Succeeded)); // too late
        Assert.Equal(JobState.Cancelled, other.Find(returned)!.State);
        Assert.True(store.Remove(returned));
        Assert.NotEqual(returned, Add(other, "blue", key: "key"));
        Assert.Equal(1, store.QueueLength());
    }

    // Otherwise each job costs more the more are kept.
    [Theory]
    [InlineData("Hash", "Key", "Field")]
    [InlineData("Set", "Key", "Value")]
    public void Sqlite_finds_what_belongs_to_a_job_without_looking_at_others(string table, string key, string column)
    {
        using var storage = (SQLiteStorage)Sqlite();
        using var context = storage.CreateAndOpenConnection();
        var plan = context.Database.Query<PlanStep>(
            $"""EXPLAIN QUERY PLAN SELECT * FROM "{table}" WHERE "{key}" = ? AND "{column}" = ? LIMIT 1""",
            "",
            ""
        );
        Assert.EndsWith($"({key}=? AND {column}=?)", Assert.Single(plan).Detail);
    }

    [Theory]
    [InlineData("id")]
    [InlineData("asked")]
    public void A_submission_that_a_process_died_in_is_completed_by_the_repeated_one(string lost)
    {
        var storage = Sqlite();
        var store = new JobStore(storage, new Clock());
        var id = Add(store, key: "key");
        using (var connection = (JobStorageConnection)storage.GetConnection())
        using (var transaction = (JobStorageTransaction)connection.CreateWriteTransaction())
        {
            var key = connection.GetValueFromHash(JobStore.KeyOf(id), "key");
            var left = connection.GetAllEntriesFromHash(key).Where(entry => entry.Key != lost).ToList();
            transaction.RemoveHash(key);
            transaction.SetRangeInHash(key, left);
            transaction.RemoveFromSet("imgalign:queue", id);
            transaction.Commit();
        }
        var again = Add(store, key: "key");
        Assert.Equal(lost == "asked", id == again);
        Assert.Equal(again, store.Take("worker", Anything)!.Value.Job.Id);
    }

    // As it comes to a machine that is cut off: the database has heard what the change began with, and its end comes late.
    [PostgresFact]
    public void A_change_of_a_process_that_falls_silent_comes_to_nothing()
    {
        var open = Postgres.NewDatabase();
        using var pause = new Pause();
        var (silent, other) = (new JobStore(open(), pause), new JobStore(open(), TimeProvider.System));
        var id = Add(silent);
        Assert.NotNull(silent.Take("silent", Anything));
        pause.Begin(); // at the time of the end, which is asked between the first and the last word
        var late = Task.Run(() => silent.Finish(id, "silent", JobState.Succeeded));
        pause.WaitUntilReached();
        Assert.Equal([id], other.Tend(TimeSpan.Zero)); // waits until the database gives the silent one up
        Assert.Equal(2, other.Take("other", Anything)!.Value.Job.Attempt);
        pause.End();
        Assert.ThrowsAny<Exception>(() => late.GetAwaiter().GetResult());
        Assert.False(silent.Finish(id, "silent", JobState.Succeeded));
        Assert.Equal((JobState.Running, "other"), (other.Find(id)!.State, other.Find(id)!.Worker));
        Assert.True(other.Finish(id, "other", JobState.Succeeded));
    }

    [Fact]
    public void What_a_slow_reader_misses_is_progress_and_no_picture()
    {
        var hub = new JobHub();
        using var reader = hub.Subscribe("id");
        var progress = new ProgressEvent(new JobProgress(0, default, 0, 1, 2));
        for (var item = 0; item < 1000; item++)
            hub.Publish("id", [progress, new PictureEvent(item, "")]);
        var read = new List<JobEvent>();
        while (reader.Events.TryRead(out var happened))
            read.Add(happened);
        Assert.Equal(1000, read.Count(static happened => happened is PictureEvent));
        Assert.True(read.Count < 2000);
    }

    /// <summary>A line of what SQLite answers.</summary>
    private sealed class PlanStep
    {
        public string Detail { get; set; } = "";
    }

    /// <summary>A clock that stops whoever asks it.</summary>
    private sealed class Pause : TimeProvider, IDisposable
    {
        private readonly ManualResetEventSlim reached = new();
        private readonly ManualResetEventSlim open = new(initialState: true);

        public void Begin() => open.Reset();

        public void WaitUntilReached() => reached.Wait();

        public void End() => open.Set();

        public override DateTimeOffset GetUtcNow()
        {
            if (!open.IsSet)
                reached.Set();
            open.Wait();
            return DateTimeOffset.UtcNow;
        }

        public void Dispose()
        {
            reached.Dispose();
            open.Dispose();
        }
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}

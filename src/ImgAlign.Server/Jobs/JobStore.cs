using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Transactions;
using Hangfire;
using Hangfire.Storage;

namespace ImgAlign.Server.Jobs;

/// <summary>
/// Jobs in Hangfire's storage, in SQLite or PostgreSQL. Which job runs next, and whose it is, is decided here and under a lock that spans
/// processes: Hangfire's queue holds tickets only, each of which lets a worker take the first job in the order. So the order, the
/// priority, and that a job runs once at a time do not depend on how a store hands out or repeats tickets (SQLite's store gives one to two
/// processes, and neither keeps the order of what it hands out again).
/// </summary>
/// <remarks>
/// In PostgreSQL each change is one transaction, which the database ends when its process is not heard of for three seconds
/// (<see cref="JobStorageFactory"/>): what a process on a machine that is cut off has begun comes to nothing, however late its words
/// arrive. SQLite's store does not write a transaction as one, and serves one machine: the writes of each are in an order in which a
/// process may die between any two, and <see cref="Tend"/> puts right what is left.
/// </remarks>
internal sealed class JobStore(JobStorage storage, TimeProvider time)
{
    /// <summary>How often a job is begun before it is given up, since it may be what ends its workers.</summary>
    public const int MaxAttempts = 3;

    private const string Queue = "imgalign:queue";
    private const string Running = "imgalign:running";
    private const string History = "imgalign:jobs";
    private const string SubmitLock = "imgalign:submit";
    private const string OrderLock = "imgalign:order";

    private const string Numbering = "imgalign:numbering";
    private const string LastNumber = "last";

    // A job's place is its priority and then its number among all that were accepted: SQLite's store keeps fifteen digits of it.
    private const double PriorityStep = 1e14;
    private const double LastInOrder = 3 * PriorityStep;

    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LockLook = TimeSpan.FromMilliseconds(100);

    private readonly BackgroundJobClient tickets = new(storage);

    /// <summary>Adds a job.</summary>
    /// <param name="id">The job's id; what belongs to it is already where a worker finds it.</param>
    /// <param name="request">What it makes; its seed is set.</param>
    /// <param name="asked">The request as it came.</param>
    /// <param name="idempotencyKey">The caller's name for this request: the same one gives the same job again.</param>
    /// <param name="limit">The most jobs that wait.</param>
    /// <param name="work">What is done in the place of pictures; null: pictures are made.</param>
    /// <returns>The job, which is another one than <paramref name="id"/> where the key was used before.</returns>
    /// <exception cref="ApiException">Too many jobs wait, or the key was used for another request.</exception>
    public Job Submit(string id, JobRequest request, string asked, string? idempotencyKey, int limit, QueuedWork? work = null)
    {
        var job = Change(SubmitLock, connection => Submit(connection, id, request, asked, idempotencyKey, limit, work));
        if (job.Id == id)
            IssueTicket();
        return job;
    }

    private Job Submit(
        JobStorageConnection connection,
        string id,
        JobRequest request,
        string asked,
        string? idempotencyKey,
        int limit,
        QueuedWork? work
    )
    {
        var keyHash = idempotencyKey is null ? null : $"imgalign:key:{Hash(idempotencyKey)}";
        if (keyHash is not null && connection.GetAllEntriesFromHash(keyHash) is { } used)
        {
            // An entry without what was asked is of a process that died while it wrote: no caller has its job.
            if (used.TryGetValue("asked", out var before) && before != Hash(asked))
                throw new ApiException(
                    422,
                    "idempotency_key_reused",
                    "This Idempotency-Key was used for another request; use a new one for each request.",
                    "Idempotency-Key"
                );
            if (used.TryGetValue("id", out var known) && Find(connection, known) is { } earlier)
            {
                if (earlier.State == JobState.Queued)
                    Enqueue(connection, known); // where a process died before it did
                return earlier;
            }
        }
        if (connection.GetSetCount(Queue) >= limit)
            throw new ApiException(
                429,
                "queue_full",
                $"{limit} jobs are waiting, which is the most; ask again later.",
                retryAfter: TimeSpan.FromSeconds(5)
            );
        var number = 1 + long.Parse(connection.GetValueFromHash(Numbering, LastNumber) ?? "0", CultureInfo.InvariantCulture);
        var order = (int)request.Priority * PriorityStep + number;
        Write(
            connection,
            transaction =>
            {
                transaction.SetRangeInHash(Numbering, Fields((LastNumber, number.ToString(CultureInfo.InvariantCulture))));
                transaction.SetRangeInHash(
                    KeyOf(id),
                    Fields(
                        ("request", ServerJson.Write(request)),
                        ("work", ServerJson.Write(work)),
                        ("created", Now),
                        ("order", order.ToString("R", CultureInfo.InvariantCulture)),
                        ("key", keyHash ?? ""),
                        ("trace", Activity.Current?.Id ?? ""),
                        ("state", ServerJson.Write(JobState.Queued)) // the last one: without a state it is no job yet
                    )
                );
                transaction.AddToSet(Queue, id, order);
                transaction.InsertToList(History, id);
                if (keyHash is not null)
                    transaction.SetRangeInHash(keyHash, Fields(("asked", Hash(asked)), ("id", id)));
            }
        );
        return Find(connection, id)!;
    }

    /// <summary>A job by its id; null: there is none.</summary>
    public Job? Find(string id)
    {
        using var connection = Open();
        return Find(connection, id);
    }

    /// <summary>The ids of all jobs, the newest first.</summary>
    public IReadOnlyList<string> All()
    {
        using var connection = Open();
        return connection.GetAllItemsFromList(History);
    }

    /// <summary>The number of jobs that wait.</summary>
    public long QueueLength()
    {
        using var connection = Open();
        return connection.GetSetCount(Queue);
    }

    /// <summary>Gives a worker the first job in the order that it can do; others stay at their place.</summary>
    /// <param name="worker">The worker's name.</param>
    /// <param name="canDo">Whether it can do a job.</param>
    /// <returns>The job and the trace that it belongs to; null: none waits that it can do.</returns>
    public (Job Job, string? Trace)? Take(string worker, Func<Job, bool> canDo) =>
        QueueLength() == 0 ? null : Change(OrderLock, connection => Take(connection, worker, canDo));

    private (Job Job, string? Trace)? Take(JobStorageConnection connection, string worker, Func<Job, bool> canDo)
    {
        var from = 0d;
        while (connection.GetFirstByLowestScoreFromSet(Queue, from, LastInOrder) is { } id)
        {
            var entries = connection.GetAllEntriesFromHash(KeyOf(id));
            if (ToJob(id, entries) is { State: JobState.Queued } waiting)
            {
                if (!canDo(waiting))
                {
                    from = OrderOf(entries!) + 1;
                    continue;
                }
                Write(connection, transaction => transaction.AddToSet(Running, id));
                SetFields(
                    connection,
                    id,
                    ("worker", worker),
                    ("heartbeat", Now),
                    ("started", Now),
                    ("attempt", (Attempt(entries!) + 1).ToString(CultureInfo.InvariantCulture)),
                    ("state", ServerJson.Write(JobState.Running))
                );
                Write(connection, transaction => transaction.RemoveFromSet(Queue, id));
                return (Find(connection, id)!, entries!.GetValueOrDefault("trace") is { Length: > 0 } trace ? trace : null);
            }
            Write(connection, transaction => transaction.RemoveFromSet(Queue, id)); // left by a process that died
        }
        return null;
    }

    /// <summary>Tells that a worker is alive, and how far it is.</summary>
    /// <returns>Whether it is to go on.</returns>
    public WorkOrder Beat(string id, string worker, JobProgress? progress)
    {
        using var scope = BeginChange();
        using var connection = Open();
        var order = OrderFor(connection, id, worker);
        if (order == WorkOrder.GoOn)
            SetFields(connection, id, ("heartbeat", Now), ("progress", ServerJson.Write(progress)));
        scope.Complete();
        return order;
    }

    /// <summary>Whether a worker is to go on with a job.</summary>
    public WorkOrder OrderFor(string id, string worker)
    {
        using var connection = Open();
        return OrderFor(connection, id, worker);
    }

    /// <summary>Ends a job that a worker has.</summary>
    /// <param name="id">The job.</param>
    /// <param name="worker">The worker.</param>
    /// <param name="state">The state at the end.</param>
    /// <param name="result">What it made; its pictures are already kept.</param>
    /// <param name="error">Why it failed.</param>
    /// <returns>Whether the job was still this worker's.</returns>
    public bool Finish(string id, string worker, JobState state, JobResult? result = null, JobError? error = null) =>
        Change(
            OrderLock,
            connection =>
            {
                var order = OrderFor(connection, id, worker);
                if (order == WorkOrder.Leave)
                    return false;
                if (order == WorkOrder.Cancel)
                    (state, result, error) = (JobState.Cancelled, null, null);
                End(connection, id, state, result, error);
                return true;
            }
        );

    /// <summary>Gives a job back that a worker leaves because it stops.</summary>
    public void Return(string id, string worker)
    {
        var isReturned = Change(
            OrderLock,
            connection =>
            {
                if (OrderFor(connection, id, worker) is WorkOrder.Leave)
                    return false;
                Requeue(connection, id, connection.GetAllEntriesFromHash(KeyOf(id))!, isAttempt: false);
                return true;
            }
        );
        if (isReturned)
            IssueTicket();
    }

    /// <summary>Cancels a job: one that waits at once, one that runs as soon as its worker sees it.</summary>
    /// <returns>The job; null: there is none.</returns>
    public Job? Cancel(string id) =>
        Change(
            OrderLock,
            connection =>
            {
                switch (Find(connection, id)?.State)
                {
                    case JobState.Queued:
                        End(connection, id, JobState.Cancelled);
                        break;
                    case JobState.Running:
                        SetFields(connection, id, ("cancel", "true"));
                        break;
                }
                return Find(connection, id);
            }
        );

    /// <summary>Forgets a job that is finished.</summary>
    /// <returns>Whether it was.</returns>
    public bool Remove(string id) =>
        Change(
            OrderLock,
            connection =>
            {
                if (Find(connection, id) is not { IsFinished: true })
                    return false;
                var key = connection.GetValueFromHash(KeyOf(id), "key");
                Write(
                    connection,
                    transaction =>
                    {
                        transaction.RemoveFromList(History, id);
                        if (!string.IsNullOrEmpty(key))
                            transaction.RemoveHash(key);
                        transaction.RemoveHash(KeyOf(id));
                    }
                );
                return true;
            }
        );

    /// <summary>
    /// Queues jobs again, at their old place in the order, whose worker has not been heard of; gives them up after
    /// <see cref="MaxAttempts"/>; and replaces tickets that were lost.
    /// </summary>
    /// <param name="patience">How long a worker may be silent.</param>
    /// <returns>The ids of jobs whose state has changed.</returns>
    public IReadOnlyList<string> Tend(TimeSpan patience)
    {
        var changed = Recover(entries => time.GetUtcNow() - Moment(entries, "heartbeat") > patience);
        var missing = QueueLength() - storage.GetMonitoringApi().EnqueuedCount("default");
        for (var i = 0; i < missing; i++)
            IssueTicket();
        return changed;
    }

    /// <summary>The same for the jobs of workers that are known to have ended.</summary>
    /// <param name="workers">What their names begin with.</param>
    /// <returns>The ids of jobs whose state has changed.</returns>
    public IReadOnlyList<string> Lose(string workers)
    {
        var changed = Recover(entries => entries["worker"].StartsWith(workers, StringComparison.Ordinal));
        foreach (var _ in changed)
            IssueTicket();
        return changed;
    }

    private List<string> Recover(Func<Dictionary<string, string>, bool> isLost)
    {
        using (var connection = Open())
        {
            if (connection.GetSetCount(Running) == 0)
                return [];
        }
        return Change(OrderLock, connection => Recover(connection, isLost));
    }

    private List<string> Recover(JobStorageConnection connection, Func<Dictionary<string, string>, bool> isLost)
    {
        var changed = new List<string>();
        foreach (var id in connection.GetAllItemsFromSet(Running))
        {
            var entries = connection.GetAllEntriesFromHash(KeyOf(id));
            if (StateOf(entries) != JobState.Running)
                Write(connection, transaction => transaction.RemoveFromSet(Running, id)); // left by a process that died
            else if (isLost(entries!))
            {
                Abandon(connection, id, entries!);
                changed.Add(id);
            }
        }
        return changed;
    }

    private void Abandon(JobStorageConnection connection, string id, Dictionary<string, string> entries)
    {
        if (entries.ContainsKey("cancel"))
            End(connection, id, JobState.Cancelled);
        else if (Attempt(entries) >= MaxAttempts)
            End(
                connection,
                id,
                JobState.Failed,
                error: new JobError(JobError.WorkerDied, $"The worker died {MaxAttempts} times during this job; it is not run again.")
            );
        else
            Requeue(connection, id, entries, isAttempt: true);
    }

    private static void Requeue(JobStorageConnection connection, string id, Dictionary<string, string> entries, bool isAttempt)
    {
        Enqueue(connection, id);
        SetFields(
            connection,
            id,
            ("worker", ""),
            ("attempt", (Attempt(entries) - (isAttempt ? 0 : 1)).ToString(CultureInfo.InvariantCulture)),
            ("progress", ServerJson.Write<JobProgress?>(null)),
            ("state", ServerJson.Write(JobState.Queued))
        );
        Write(connection, transaction => transaction.RemoveFromSet(Running, id));
    }

    // At the job's own place; it may be there already.
    private static void Enqueue(JobStorageConnection connection, string id)
    {
        var order = OrderOf(connection.GetAllEntriesFromHash(KeyOf(id)));
        Write(connection, transaction => transaction.AddToSet(Queue, id, order));
    }

    private void End(JobStorageConnection connection, string id, JobState state, JobResult? result = null, JobError? error = null)
    {
        SetFields(
            connection,
            id,
            ("finished", Now),
            ("result", ServerJson.Write(result)),
            ("error", ServerJson.Write(error)),
            ("state", ServerJson.Write(state))
        );
        Write(
            connection,
            transaction =>
            {
                transaction.RemoveFromSet(Queue, id);
                transaction.RemoveFromSet(Running, id);
            }
        );
    }

    // A ticket is issued after the change that it is for: Hangfire opens another connection for it, and Tend replaces what is lost between.
    private void IssueTicket() => tickets.Enqueue<Work.JobWorker>(static worker => worker.RunNextAsync());

    private static WorkOrder OrderFor(JobStorageConnection connection, string id, string worker)
    {
        var entries = connection.GetAllEntriesFromHash(KeyOf(id));
        return StateOf(entries) != JobState.Running || entries!.GetValueOrDefault("worker") != worker ? WorkOrder.Leave
            : entries.ContainsKey("cancel") ? WorkOrder.Cancel
            : WorkOrder.GoOn;
    }

    private static Job? Find(JobStorageConnection connection, string id) => ToJob(id, connection.GetAllEntriesFromHash(KeyOf(id)));

    private static Job? ToJob(string id, Dictionary<string, string>? entries) =>
        StateOf(entries) is { } state
            ? new Job
            {
                Id = id,
                State = state,
                Request = ServerJson.Read<JobRequest>(entries!["request"])!,
                Work = ServerJson.Read<QueuedWork>(entries.GetValueOrDefault("work")),
                CreatedAt = Moment(entries, "created")!.Value,
                StartedAt = Moment(entries, "started"),
                FinishedAt = Moment(entries, "finished"),
                Attempt = Attempt(entries),
                Progress = ProgressOf(entries, state),
                Worker = entries.GetValueOrDefault("worker"),
                Result = ServerJson.Read<JobResult>(entries.GetValueOrDefault("result")),
                Error = ServerJson.Read<JobError>(entries.GetValueOrDefault("error")),
            }
            : null;

    // A worker tells how far it is from time to time, the last time before the end.
    private static JobProgress? ProgressOf(Dictionary<string, string> entries, JobState state)
    {
        var told = ServerJson.Read<JobProgress>(entries.GetValueOrDefault("progress"));
        return state == JobState.Succeeded && told is not null ? told with { Value = 1 } : told;
    }

    private static JobState? StateOf(Dictionary<string, string>? entries) =>
        entries?.GetValueOrDefault("state") is { } state ? Enum.Parse<JobState>(state.Trim('"'), ignoreCase: true) : null;

    private static double OrderOf(Dictionary<string, string> entries) => double.Parse(entries["order"], CultureInfo.InvariantCulture);

    private static int Attempt(Dictionary<string, string> entries) =>
        int.Parse(entries.GetValueOrDefault("attempt") ?? "0", CultureInfo.InvariantCulture);

    private static DateTimeOffset? Moment(Dictionary<string, string> entries, string field) =>
        entries.GetValueOrDefault(field) is { } text ? DateTimeOffset.Parse(text, CultureInfo.InvariantCulture) : null;

    private static void SetFields(JobStorageConnection connection, string id, params (string Name, string Value)[] fields) =>
        Write(connection, transaction => transaction.SetRangeInHash(KeyOf(id), Fields(fields)));

    private static void Write(JobStorageConnection connection, Action<JobStorageTransaction> write)
    {
        using var transaction = (JobStorageTransaction)connection.CreateWriteTransaction();
        write(transaction);
        transaction.Commit();
    }

    private static IEnumerable<KeyValuePair<string, string>> Fields(params (string Name, string Value)[] fields) =>
        fields.Select(static field => KeyValuePair.Create(field.Name, field.Value));

    internal static string KeyOf(string id) => $"imgalign:job:{id}";

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private string Now => time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture);

    // A lock that another process has is looked at again after a tenth of the time that one is ready to wait, by SQLite's store.
    private static IDisposable Hold(JobStorageConnection connection, string name)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return connection.AcquireDistributedLock(name, LockLook);
            }
            catch (DistributedLockTimeoutException) when (Stopwatch.GetElapsedTime(began) < LockPatience) { }
        }
    }

    // One process at a time changes what a lock stands for.
    private T Change<T>(string name, Func<JobStorageConnection, T> change)
    {
        using var scope = BeginChange();
        T result;
        using (var connection = Open())
        using (Hold(connection, name))
            result = change(connection);
        scope.Complete();
        return result;
    }

    // PostgreSQL's store takes part in it, the lock included; SQLite's does not.
    private static TransactionScope BeginChange() =>
        new(TransactionScopeOption.RequiresNew, new TransactionOptions { IsolationLevel = IsolationLevel.ReadCommitted });

    private JobStorageConnection Open() => (JobStorageConnection)storage.GetConnection();
}

using System.Text.Json.Serialization;

namespace ImgAlign.Server.Jobs;

/// <summary>A job, as it is answered and stored.</summary>
internal sealed record Job
{
    public required string Id { get; init; }

    public required JobState State { get; init; }

    public required JobRequest Request { get; init; }

    /// <summary>What is done in the place of pictures; null: pictures are made.</summary>
    [JsonIgnore]
    public QueuedWork? Work { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>How often a worker has begun it.</summary>
    public int Attempt { get; init; }

    public JobProgress? Progress { get; init; }

    public JobResult? Result { get; init; }

    public JobError? Error { get; init; }

    /// <summary>The worker that runs it, or has ended it.</summary>
    [JsonIgnore]
    public string? Worker { get; init; }

    public bool IsFinished => State is JobState.Succeeded or JobState.Failed or JobState.Cancelled;
}

/// <summary>Work other than pictures.</summary>
/// <param name="Kind">Which <see cref="IQueuedWork"/> does it.</param>
/// <param name="Argument">What it is done with.</param>
internal sealed record QueuedWork(string Kind, string Argument);

/// <summary>Where a job stands.</summary>
[JsonConverter(typeof(EnumNames<JobState>))]
internal enum JobState
{
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// <summary>How far a running job is.</summary>
/// <param name="Value">From 0 to 1.</param>
/// <param name="Stage">What is computed.</param>
/// <param name="Round">The round from 1, or 0 before the first.</param>
/// <param name="Step">The steps of the stage that are done.</param>
/// <param name="Steps">The steps that the stage has.</param>
internal sealed record JobProgress(
    double Value,
    [property: JsonConverter(typeof(EnumNames<RunStage>))] RunStage Stage,
    int Round,
    int Step,
    int Steps
);

/// <summary>Why a job failed.</summary>
/// <param name="Code">For programs: invalid_request, insufficient_memory, worker_died or failed.</param>
/// <param name="Message">For people.</param>
/// <param name="Param">The field of the request that is wrong.</param>
internal sealed record JobError(string Code, string Message, string? Param = null)
{
    public const string InvalidRequest = "invalid_request";
    public const string InsufficientMemory = "insufficient_memory";
    public const string WorkerDied = "worker_died";
    public const string Failure = "failed";
}

/// <summary>What a job made, and how.</summary>
internal sealed record JobResult(
    string Version,
    string Model,
    int Steps,
    double Guidance,
    double ImagePromptScale,
    string Sampler,
    double Seconds,
    string? DecidedBy,
    IReadOnlyList<PictureResult> Pictures
);

/// <summary>One picture of a job.</summary>
/// <param name="Seed">Its seed.</param>
/// <param name="Image">The picture that was kept; in answers its address.</param>
/// <param name="Before">The first picture, generated or given; null where nothing else was tried.</param>
/// <param name="ScoresBefore">Its scores by the scorers' names.</param>
/// <param name="Candidates">The pictures that were tried after it.</param>
/// <param name="Warnings">What its maker should know.</param>
internal sealed record PictureResult(
    long Seed,
    string Image,
    string? Before,
    IReadOnlyDictionary<string, double> ScoresBefore,
    IReadOnlyList<CandidateResult> Candidates,
    IReadOnlyList<string> Warnings
)
{
    /// <summary>The names of its files.</summary>
    public IEnumerable<string> Files =>
        Candidates.Select(static candidate => candidate.Image).Append(Image).Append(Before).OfType<string>().Distinct();
}

/// <summary>A picture that was tried, and how it came about, as in <see cref="Candidate"/>.</summary>
internal sealed record CandidateResult(
    int Number,
    int Parent,
    [property: JsonConverter(typeof(EnumNames<SearchAction>))] SearchAction Action,
    int Round,
    long Seed,
    string? Question,
    string? Critique,
    string Image,
    IReadOnlyDictionary<string, double> Scores,
    bool Accepted
);

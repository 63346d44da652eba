namespace ImgAlign.Server;

/// <summary>What a server keeps, how much it takes, and who may use it.</summary>
public sealed class ImgAlignServerOptions
{
    /// <summary>The folder of results, given pictures and, without <see cref="Postgres"/>, the queue. Several machines share it, or use
    /// <see cref="Results"/>.</summary>
    public string DataPath { get; set; } = "imgalign-data";

    /// <summary>Where results and given pictures are kept, if not in <see cref="DataPath"/>: <c>s3://BUCKET/PREFIX</c>, in S3 or a store
    /// that speaks its protocol, with <c>AWS_ACCESS_KEY_ID</c>, <c>AWS_SECRET_ACCESS_KEY</c>, <c>AWS_REGION</c> and
    /// <c>AWS_ENDPOINT_URL</c> in the environment, or whatever else Amazon's tools read.</summary>
    public string? Results { get; set; }

    /// <summary>The connection string of a PostgreSQL database for the queue; null: an SQLite file in <see cref="DataPath"/>.</summary>
    public string? Postgres { get; set; }

    /// <summary>What callers must send as <c>Authorization: Bearer KEY</c>; null: nothing, which is for loopback addresses only.</summary>
    public string? Key { get; set; }

    /// <summary>The names under which the server may be called besides those of the machine itself; empty: with a key any, without one
    /// those of the machine.</summary>
    public IList<string> AllowedHosts { get; } = [];

    /// <summary>The model's name in the OpenAI API, in records and on the page.</summary>
    public string ModelId { get; set; } = "default";

    /// <summary>What the page says of prompts; null: nothing.</summary>
    public PromptGuide? PromptGuide { get; set; }

    /// <summary>Whether a worker aligns pictures; one that does not, since it has no aligner, takes jobs of 0 rounds, which only generate,
    /// and other work (<see cref="IQueuedWork"/>).</summary>
    public bool Aligns { get; set; } = true;

    /// <summary>The sampler steps of requests that say none; null: the model's own.</summary>
    public int? DefaultSteps { get; set; }

    /// <summary>The most jobs that wait; further ones are answered with 429.</summary>
    public int QueueLimit { get; set; } = 500;

    /// <summary>The most requests for pictures in a minute from one address; further ones are answered with 429.</summary>
    public int RequestsPerMinute { get; set; } = 600;

    /// <summary>The most bytes of a request.</summary>
    public long MaxRequestBytes { get; set; } = 32L << 20;

    /// <summary>The most pixels of a given picture.</summary>
    public long MaxPicturePixels { get; set; } = 4096L * 4096;

    /// <summary>The most bytes of results; the oldest go first.</summary>
    public long DataQuotaBytes { get; set; } = 10L << 30;

    /// <summary>How long results are kept.</summary>
    public TimeSpan ResultAge { get; set; } = TimeSpan.FromDays(30);
}

using System.Text.Json.Serialization;

namespace ImgAlign.Evaluation.Running;

/// <summary>Pictures that were made together, as they are stored.</summary>
/// <param name="Folder">The folder of the pictures and their record.</param>
/// <param name="Pictures">The pictures, in the order of the items.</param>
/// <param name="Cost">What they cost.</param>
internal sealed record PictureBatch(string Folder, IReadOnlyList<StoredPicture> Pictures, BatchCost Cost)
{
    /// <summary>The file of a record, which has all that the pictures follow from.</summary>
    public const string RecordFile = "record.json";

    /// <summary>The file of what it cost, apart from the record: it differs from run to run.</summary>
    public const string CostFile = "cost.json";
}

/// <summary>A picture of a batch, or why it is not there.</summary>
/// <param name="Prompt">What it should show.</param>
/// <param name="Seed">The seed of its noise.</param>
/// <param name="File">Its file in the batch's folder.</param>
/// <param name="Sha256">SHA-256 of its pixels.</param>
/// <param name="Warnings">What its maker should know.</param>
/// <param name="Failure">Why there is none.</param>
internal sealed record StoredPicture(
    string Prompt,
    long Seed,
    string? File = null,
    string? Sha256 = null,
    IReadOnlyList<string>? Warnings = null,
    string? Failure = null
)
{
    /// <summary>The prompt as scorers read it, without the notation of weights; null: <see cref="Prompt"/>.</summary>
    public string? PlainPrompt { get; init; }

    /// <summary>What scorers are given as the prompt.</summary>
    [JsonIgnore]
    public string ScoredPrompt => PlainPrompt ?? Prompt;

    /// <summary>Whether the autoencoder worked tile by tile because memory was short (<see cref="RunReport.InTiles"/>).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool InTiles { get; init; }
}

/// <summary>What <see cref="PictureBatch.RecordFile"/> holds.</summary>
/// <param name="DeviceKind">The kind of device that computed it.</param>
internal abstract record BatchRecord(string DeviceKind)
{
    /// <summary>All that the batch follows from, for people; the file's place says it to programs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenReading)]
    public Recipe? Recipe { get; init; }
}

/// <summary>The record of pictures.</summary>
internal sealed record PictureRecord(string DeviceKind, IReadOnlyList<StoredPicture> Pictures) : BatchRecord(DeviceKind);

/// <summary>The record of scores of a batch's pictures.</summary>
internal sealed record ScoreRecord(string DeviceKind, IReadOnlyList<StoredScore> Scores) : BatchRecord(DeviceKind);

/// <summary>A picture's score, or why there is none.</summary>
internal sealed record StoredScore(double? Score, string? Failure = null)
{
    /// <summary>The probabilities of the right answers to the questions that were given about the picture, in their order; null: no judge
    /// was asked them.</summary>
    public IReadOnlyList<double>? Answers { get; init; }
}

/// <summary>What a batch cost.</summary>
/// <param name="Seconds">From its first computation to its last.</param>
/// <param name="Items">Among how many items that is shared.</param>
/// <param name="Machine">The machine's name.</param>
internal sealed record BatchCost(double Seconds, int Items, string Machine)
{
    public double SecondsEach => Seconds / Items;
}

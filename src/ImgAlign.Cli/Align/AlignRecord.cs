using System.Text.Json.Serialization;
using ImgAlign.Cli.Jobs;
using ImgAlign.Training.Data;

namespace ImgAlign.Cli.Align;

/// <summary>
/// What <c>record.json</c> holds: what is needed to make the pictures again and what they cost, as for a generation, and what was asked and
/// answered.
/// </summary>
internal sealed record AlignRecord : GenerationRecord
{
    private AlignRecord(GenerationRecord picture)
        : base(picture) { }

    // Behind what both kinds of records have.
    [JsonPropertyOrder(1)]
    public required int AlignerPasses { get; init; }

    [JsonPropertyOrder(1)]
    public required string Policy { get; init; }

    [JsonPropertyOrder(1)]
    public required int Budget { get; init; }

    [JsonPropertyOrder(1)]
    public required int Generations { get; init; }

    [JsonPropertyOrder(1)]
    public required AcceptanceRecord Acceptance { get; init; }

    [JsonPropertyOrder(1)]
    public required bool Accepted { get; init; }

    [JsonPropertyOrder(1)]
    public required int Kept { get; init; }

    [JsonPropertyOrder(1)]
    public required IReadOnlyList<CandidateRecord> Candidates { get; init; }

    /// <summary>The pairs that were made of the candidates; null where none were asked for.</summary>
    [JsonPropertyOrder(1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PreferencePair>? Pairs { get; init; }

    /// <summary>Describes what became of an item.</summary>
    /// <param name="result">The result of the run.</param>
    /// <param name="aligned">The item's part of it.</param>
    /// <param name="request">The request.</param>
    /// <param name="job">What asked for it.</param>
    /// <param name="run">What else was asked for, and of which models.</param>
    public static AlignRecord Of(AlignmentResult result, AlignedItem aligned, AlignmentRequest request, PictureJob job, RecordedRun run)
    {
        return new AlignRecord(OfPicture(result, aligned, aligned.Item, aligned.Image, job, run))
        {
            AlignerPasses = request.AlignerPasses,
            Policy = result.Policy.Name,
            Budget = aligned.Budget,
            Generations = aligned.Generations,
            Acceptance = AcceptanceRecord.Of(result.Acceptance, aligned.BaseScores),
            Accepted = aligned.Accepted,
            Kept = aligned.Kept.Number,
            Candidates = [.. aligned.Candidates.Select(CandidateRecord.Of)],
        };
    }

    /// <summary>Describes one picture of an item by itself, as a generation.</summary>
    /// <param name="result">The result of the run.</param>
    /// <param name="aligned">The item's part of it.</param>
    /// <param name="candidate">The picture.</param>
    /// <param name="job">What asked for it.</param>
    /// <param name="run">What else was asked for, and of which models.</param>
    public static GenerationRecord OfCandidate(
        AlignmentResult result,
        AlignedItem aligned,
        Candidate candidate,
        PictureJob job,
        RecordedRun run
    )
    {
        var item = aligned.Item with { Prompt = candidate.Prompt, Seed = candidate.Seed };
        return OfPicture(result, aligned, item, candidate.Image, job with { Prompt = item.Prompt, Seed = item.Seed }, run);
    }

    private static GenerationRecord OfPicture(
        AlignmentResult result,
        AlignedItem aligned,
        GenerationItem item,
        RgbImage image,
        PictureJob job,
        RecordedRun run
    )
    {
        var picture = new GeneratedItem
        {
            Item = item,
            PlainPrompt = aligned.PlainPrompt,
            Image = image,
            Warnings = aligned.Warnings,
        };
        return Of(result, picture, job, run);
    }
}

/// <summary>One picture of a record's search: all together are its tree.</summary>
internal sealed record CandidateRecord(
    int Number,
    int? Parent,
    SearchAction? Action,
    int Round,
    int Cost,
    string Prompt,
    long Seed,
    string? Question,
    string? Critique,
    IReadOnlyDictionary<string, double> Scores,
    IReadOnlyList<AnswerRecord> Answers,
    bool Accepted
)
{
    public static CandidateRecord Of(Candidate candidate) =>
        new(
            candidate.Number,
            candidate.Parent,
            candidate.Action,
            candidate.Round,
            candidate.Cost,
            candidate.Prompt,
            candidate.Seed,
            candidate.Question,
            candidate.Critique,
            candidate.Scores.ToDictionary(static score => score.Scorer, static score => score.Value),
            [.. candidate.Scores.SelectMany(static score => score.Answers.Select(answer => AnswerRecord.Of(score.Scorer, answer)))],
            candidate.Accepted
        );
}

/// <summary>What a scorer's judge said to a question about a picture: the probability of the right answer.</summary>
internal sealed record AnswerRecord(string Scorer, string Question, string Answer, string? DrawnBy, double Probability)
{
    public static AnswerRecord Of(string scorer, JudgedAnswer answer) =>
        new(scorer, answer.Question.Text, answer.Question.Answer, answer.Question.DrawnBy, answer.Probability);
}

/// <summary>What decided, by which scorers, and which only reported.</summary>
internal sealed record AcceptanceRecord(string Description, IReadOnlyList<string> DecidedBy, IReadOnlyList<string> ReportedBy)
{
    public static AcceptanceRecord Of(IAcceptance acceptance, IEnumerable<NamedScore> scores) =>
        new(acceptance.Description, acceptance.Scorers, [.. scores.Select(static score => score.Scorer).Except(acceptance.Scorers)]);
}

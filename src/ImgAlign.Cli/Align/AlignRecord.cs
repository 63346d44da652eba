using System.Text.Json.Serialization;
using ImgAlign.Cli.Jobs;

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
    public required int MostRounds { get; init; }

    [JsonPropertyOrder(1)]
    public required AcceptanceRecord Acceptance { get; init; }

    [JsonPropertyOrder(1)]
    public required bool Accepted { get; init; }

    [JsonPropertyOrder(1)]
    public required IReadOnlyDictionary<string, double> BaseScores { get; init; }

    [JsonPropertyOrder(1)]
    public required IReadOnlyList<RoundRecord> Rounds { get; init; }

    /// <summary>Describes what became of an item.</summary>
    /// <param name="result">The result of the run.</param>
    /// <param name="aligned">The item's part of it.</param>
    /// <param name="request">The request.</param>
    /// <param name="job">What asked for it.</param>
    /// <param name="run">What else was asked for, and of which models.</param>
    public static AlignRecord Of(AlignmentResult result, AlignedItem aligned, AlignmentRequest request, PictureJob job, RecordedRun run)
    {
        var picture = new GeneratedItem
        {
            Item = aligned.Item,
            Image = aligned.Image,
            Warnings = aligned.Warnings,
        };
        var generation = new GenerationResult
        {
            Items = [picture],
            Settings = result.Settings,
            Backbone = result.Backbone,
            Report = result.Report,
        };
        return new AlignRecord(Of(generation, picture, job, run))
        {
            AlignerPasses = request.AlignerPasses,
            MostRounds = request.Rounds,
            Acceptance = AcceptanceRecord.Of(result.Acceptance, aligned.BaseScores),
            Accepted = aligned.Accepted,
            BaseScores = ToDictionary(aligned.BaseScores),
            Rounds =
            [
                .. aligned.Rounds.Select(static round => new RoundRecord(
                    round.Number,
                    round.Question,
                    round.Critique,
                    ToDictionary(round.Scores),
                    round.Accepted
                )),
            ],
        };
    }

    private static Dictionary<string, double> ToDictionary(IEnumerable<NamedScore> scores) =>
        scores.ToDictionary(static score => score.Scorer, static score => score.Value);
}

/// <summary>One round of a record.</summary>
internal sealed record RoundRecord(
    int Number,
    string Question,
    string? Critique,
    IReadOnlyDictionary<string, double> Scores,
    bool Accepted
);

/// <summary>What decided, by which scorers, and which only reported.</summary>
internal sealed record AcceptanceRecord(string Description, IReadOnlyList<string> DecidedBy, IReadOnlyList<string> ReportedBy)
{
    public static AcceptanceRecord Of(IAcceptance acceptance, IEnumerable<NamedScore> scores) =>
        new(acceptance.Description, acceptance.Scorers, [.. scores.Select(static score => score.Scorer).Except(acceptance.Scorers)]);
}

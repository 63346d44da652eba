namespace ImgAlign.Scorers.Means;

/// <summary>
/// DPG-Bench (ELLA, <c>compute_dpg_bench.py</c>). A prompt whose questions name a parent that does not exist is left out of everything, as
/// the authors' script drops it.
/// </summary>
public sealed class DpgBenchMeans
{
    private readonly List<(DpgQuestion Question, double Score)> last = [];

    /// <summary>Computes them.</summary>
    /// <param name="questions">The rows of the CSV file, in its order.</param>
    /// <param name="answers">For each prompt, by its id, the answers of each tile by the questions' ids.</param>
    /// <param name="skipsFirstRow">Whether the first row does not exist, as in the authors' script, which takes it for the
    /// header.</param>
    public DpgBenchMeans(
        IReadOnlyList<DpgQuestion> questions,
        IReadOnlyDictionary<string, IReadOnlyList<IReadOnlyDictionary<int, string>>> answers,
        bool skipsFirstRow = true
    )
    {
        ArgumentNullException.ThrowIfNull(questions);
        ArgumentNullException.ThrowIfNull(answers);
        var items = new List<string>();
        var tiles = new List<IReadOnlyList<double>>();
        foreach (var item in questions.Skip(skipsFirstRow ? 1 : 0).GroupBy(static question => question.Item))
        {
            if (!Counts([.. item]))
                continue;
            items.Add(item.Key);
            tiles.Add([.. answers[item.Key].Select(tile => ScoreTile([.. item], tile))]);
            var final = answers[item.Key][^1];
            last.AddRange(item.Select(question => (question, IsYes(final[question.Id]))));
        }
        (Items, TileScores) = (items, tiles);
    }

    /// <summary>Whether a prompt is scored: none of its questions names a parent that does not exist.</summary>
    /// <param name="questions">The prompt's questions.</param>
    public static bool Counts(IReadOnlyList<DpgQuestion> questions)
    {
        var ids = questions.Select(static question => question.Id).ToHashSet();
        return questions.SelectMany(static question => question.Parents).All(ids.Contains);
    }

    /// <summary>The prompts that are scored, in the order of the questions.</summary>
    public IReadOnlyList<string> Items { get; }

    /// <summary>The score of each tile of each prompt.</summary>
    public IReadOnlyList<IReadOnlyList<double>> TileScores { get; }

    /// <summary>The score of each prompt: the mean of its tiles.</summary>
    public IReadOnlyList<double> PromptScores => [.. TileScores.Select(static tiles => tiles.Average())];

    /// <summary>The mean of the prompts, times 100: DPG-Bench's score.</summary>
    public double Overall => 100 * PromptScores.Average();

    /// <summary>A category's mean over its questions, times 100: of the last tile, whatever the parents' answers are.</summary>
    /// <param name="category">The category.</param>
    public double OfCategory(string category) => Mean(question => question.Category == category);

    /// <summary>The same of a broad category.</summary>
    /// <param name="category">The broad category.</param>
    public double OfBroadCategory(string category) => Mean(question => question.BroadCategory == category);

    private double Mean(Func<DpgQuestion, bool> isMeant) =>
        100 * last.Where(pair => isMeant(pair.Question)).Average(static pair => pair.Score);

    // In the order of the rows: a zero goes on to later children, and a parent in a later row still has its own answer.
    private static double ScoreTile(IReadOnlyList<DpgQuestion> questions, IReadOnlyDictionary<int, string> answers)
    {
        var scores = questions.ToDictionary(static question => question.Id, question => IsYes(answers[question.Id]));
        foreach (var question in questions.Where(question => question.Parents.Any(parent => scores[parent] == 0)))
            scores[question.Id] = 0;
        return scores.Values.Average();
    }

    private static double IsYes(string answer) => answer == "yes" ? 1 : 0;
}

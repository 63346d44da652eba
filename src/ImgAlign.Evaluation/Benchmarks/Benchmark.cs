using ImgAlign.Evaluation.Benchmarks;
using ImgAlign.Evaluation.Running;

namespace ImgAlign.Evaluation;

/// <summary>
/// A published benchmark: how its prompts are laid out, how many pictures a prompt gets and with which seeds, and what its official
/// evaluator reads and writes.
/// </summary>
public abstract class Benchmark
{
    private protected Benchmark(string name) => Name = name;

    /// <summary>All that are known.</summary>
    public static IReadOnlyList<Benchmark> All { get; } =
    [
        new HpsBenchmark(),
        new GenEvalBenchmark(),
        new GenEval2Benchmark(),
        new DpgBenchmark(),
        new CompBenchmark(),
        new GenAiBenchmark(),
        new PickAPicPrompts(),
        new DrawBenchPrompts(),
    ];

    /// <summary>Its name on the command line.</summary>
    public string Name { get; }

    /// <summary>The judge that published numbers are of, where a scorer that has a judge measures the benchmark; null: none does.</summary>
    internal virtual string? OfficialJudge => null;

    /// <summary>The means that the benchmark's script prints, by its own rules.</summary>
    /// <param name="pictures">An arm's pictures, all with scores.</param>
    /// <param name="scorer">The scorer.</param>
    internal virtual IReadOnlyList<(string Name, double Value)> Means(IReadOnlyList<EvaluatedPicture> pictures, string scorer) => [];

    /// <summary>Finds a benchmark by its name.</summary>
    /// <param name="name">The name.</param>
    /// <exception cref="ImgAlignException">There is none of that name; the message lists those that there are.</exception>
    public static Benchmark ByName(string name) =>
        All.FirstOrDefault(benchmark => benchmark.Name == name)
        ?? throw new ImgAlignException(
            $"There is no benchmark '{name}'; there are {string.Join(", ", All.Select(static known => known.Name))}."
        );

    /// <summary>Reads its prompts from its own files.</summary>
    /// <param name="path">The file or folder, as it is published.</param>
    /// <exception cref="ImgAlignException">It is not laid out so; the message says what is needed.</exception>
    public abstract IReadOnlyList<EvaluationPrompt> ReadPrompts(string path);

    /// <summary>Whether the official evaluator scores pictures of a prompt: its script may leave some out.</summary>
    /// <param name="prompt">The prompt.</param>
    internal virtual bool Scores(EvaluationPrompt prompt) => true;

    /// <summary>Writes an arm's pictures as the official evaluator reads them.</summary>
    /// <param name="pictures">The pictures; of each prompt all, in their order.</param>
    /// <param name="folder">An empty folder.</param>
    /// <param name="target">The folder's path when all is written: what files say of their places.</param>
    /// <exception cref="ImgAlignException">There is no official evaluator, or it could not read these pictures.</exception>
    internal virtual void Export(IReadOnlyList<EvaluatedPicture> pictures, string folder, string target) =>
        throw new ImgAlignException($"{Name} has no evaluator to export for; leave --export out, and score with --scorer.");

    /// <summary>Reads a result file of the official evaluator.</summary>
    /// <param name="path">The file, or the folder that it was written into.</param>
    /// <param name="pictures">The pictures that it is of.</param>
    /// <returns>A score for each picture, or null where the file has none.</returns>
    /// <exception cref="ImgAlignException">The evaluator writes no scores of single pictures, or the file is broken.</exception>
    internal virtual IReadOnlyList<ImportedScore?> Import(string path, IReadOnlyList<EvaluatedPicture> pictures) =>
        throw new ImgAlignException($"{Name}'s evaluator writes no scores of single pictures; leave --import out, and give --scorer.");
}

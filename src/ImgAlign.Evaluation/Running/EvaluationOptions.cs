using ImgAlign.Evaluation.Running;

namespace ImgAlign.Evaluation;

/// <summary>What is measured, and where it is kept.</summary>
public sealed class EvaluationOptions
{
    /// <summary>The prompts, at least one.</summary>
    public required IReadOnlyList<EvaluationPrompt> Prompts { get; init; }

    /// <summary>The benchmark that the prompts are of; null: of none.</summary>
    public Benchmark? Benchmark { get; init; }

    /// <summary>The arms.</summary>
    public ArmMatrix Matrix { get; init; } = ArmMatrix.Default;

    /// <summary>How pictures are sampled where an arm says nothing else; its items, rounds and acceptance are not read. Its
    /// <see cref="SamplingRequest.MaxBatchSize"/> is how many pictures are made and stored together.</summary>
    public AlignmentRequest Settings { get; init; } = new();

    /// <summary>The folder of pictures, scores and report.</summary>
    public required string Folder { get; init; }

    /// <summary>The part of the batches that this run makes, from 1.</summary>
    public int Shard { get; init; } = 1;

    /// <summary>Into how many parts the batches are divided.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>Makes sure that the values make sense.</summary>
    /// <exception cref="ImgAlignException">One does not.</exception>
    internal void Check()
    {
        if (Prompts.Count == 0)
            throw new ImgAlignException("There are no prompts; give at least one.");
        if (Prompts.CountBy(static prompt => prompt.Id).FirstOrDefault(static count => count.Value > 1).Key is { } twice)
            throw new ImgAlignException($"Two prompts have the id '{twice}'; give each its own.");
        var same = Prompts
            .GroupBy(static prompt => prompt.Prompt)
            .FirstOrDefault(static same => same.Any(prompt => !prompt.PictureQuestions.SequenceEqual(same.First().PictureQuestions)));
        if (same is not null)
            throw new ImgAlignException($"The prompt '{same.Key}' is there twice with other questions; leave one of them out.");
        if (Shards < 1 || Shard < 1 || Shard > Shards)
            throw new ImgAlignException($"The shard is {Shard} of {Shards}; use 1 of 1 or more, up to the last.");
        Matrix.Check();
    }

    /// <summary>The pictures of every prompt, in batches that follow from the prompts and the batch size alone.</summary>
    /// <param name="all">Whether of all shards, or of this one.</param>
    internal IReadOnlyList<EvaluationItem[]> Batches(bool all) =>
        [
            .. Prompts
                .SelectMany(static prompt => prompt.Seeds.Select((_, picture) => new EvaluationItem(prompt, picture)))
                .Chunk(Settings.MaxBatchSize)
                .Where((_, index) => all || index % Shards == Shard - 1),
        ];
}

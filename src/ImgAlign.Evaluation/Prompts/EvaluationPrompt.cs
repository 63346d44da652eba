using ImgAlign.Scorers.Means;

namespace ImgAlign.Evaluation;

/// <summary>A prompt that is measured, with what its file says about it.</summary>
/// <param name="id">Tells it from others of its set, such as <c>00012</c>.</param>
/// <param name="prompt">What the pictures should show.</param>
public sealed class EvaluationPrompt(string id, string prompt)
{
    /// <summary>Tells it from others of its set, such as <c>00012</c>.</summary>
    public string Id { get; } = id;

    /// <summary>What the pictures should show.</summary>
    public string Prompt { get; } = prompt;

    /// <summary>What the pictures must not show.</summary>
    public string? NegativePrompt { get; init; }

    /// <summary>The question to the detector, in which <c>{prompt}</c> stands for the prompt; null: each round draws one by the
    /// seed.</summary>
    public string? Question { get; init; }

    /// <summary>The size of the pictures in pixels; null: the model's own.</summary>
    public ImageSize? Size { get; init; }

    /// <summary>The seeds of its pictures, at least one: a picture each.</summary>
    public IReadOnlyList<long> Seeds { get; init; } = [0];

    /// <summary>The part of the set that it belongs to, such as a style or a tag; reports have a mean of each.</summary>
    public string? Category { get; init; }

    /// <summary>Questions about its pictures for scorers that have a judge answer them; empty: none.</summary>
    public IReadOnlyList<PictureQuestion> PictureQuestions { get; init; } = [];

    /// <summary>The parts of a benchmark that it belongs to where it may be several; its own means are over them.</summary>
    internal IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>GenEval 2: the skill that each of <see cref="PictureQuestions"/> is about.</summary>
    internal IReadOnlyList<string> QuestionSkills { get; init; } = [];

    /// <summary>DPG-Bench: what each of <see cref="PictureQuestions"/> is about, and on which others it depends.</summary>
    internal IReadOnlyList<DpgQuestion> QuestionTree { get; init; } = [];

    /// <summary>Its line in a benchmark's file, which the benchmark's export hands on as it is.</summary>
    internal string? Source { get; init; }
}

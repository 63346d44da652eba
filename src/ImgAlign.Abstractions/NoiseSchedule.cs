namespace ImgAlign;

/// <summary>The noise levels of one generation, and what the network says at them.</summary>
/// <param name="levels">Where the steps begin, from the highest noise level to the last one above the end.</param>
/// <param name="final">Where the last step ends, usually <see cref="NoiseLevel.Clean"/>.</param>
/// <param name="initialScale">What unit normal noise is multiplied by before the first step.</param>
/// <param name="prediction">What the network says.</param>
public sealed class NoiseSchedule(IReadOnlyList<NoiseLevel> levels, NoiseLevel final, double initialScale, PredictionType prediction)
{
    /// <summary>Where the steps begin: one level for each step, falling.</summary>
    public IReadOnlyList<NoiseLevel> Levels { get; } = levels;

    /// <summary>Where each step ends: where the next one begins, unless they are given.</summary>
    public IReadOnlyList<NoiseLevel> Ends { get; init; } = [.. levels.Skip(1), final];

    /// <summary>What unit normal noise is multiplied by before the first step.</summary>
    public double InitialScale => initialScale;

    /// <summary>What the network says.</summary>
    public PredictionType Prediction => prediction;

    /// <summary>The level of a timestep of training; null where there are none but those of <see cref="Levels"/>.</summary>
    public Func<int, NoiseLevel>? LevelOf { get; init; }

    /// <summary>The number of steps.</summary>
    public int Steps => Levels.Count;

    /// <summary>The first step that is run: those before it are what a picture that is given stands in for.</summary>
    public int First { get; private init; }

    /// <summary>The number of steps that are run.</summary>
    public int StepsToRun => Steps - First;

    /// <summary>The same schedule without its first steps.</summary>
    /// <param name="first">The first step to run, less than <see cref="Steps"/>.</param>
    public NoiseSchedule StartingAt(int first)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(first, Steps);
        return new(Levels, Ends[^1], initialScale, prediction)
        {
            Ends = Ends,
            LevelOf = LevelOf,
            First = first,
        };
    }
}

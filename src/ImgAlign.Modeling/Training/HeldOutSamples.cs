namespace ImgAlign.Training;

/// <summary>Samples that are measured and not trained on: they follow those that are, in the same data set.</summary>
internal static class HeldOutSamples
{
    /// <summary>The samples that can be used. Each is drawn with a seed of its own that no run changes, so that all runs are measured
    /// alike.</summary>
    /// <param name="task">The task, whose samples come first.</param>
    /// <param name="count">How many follow them.</param>
    /// <exception cref="ImgAlignException">None of them can be used.</exception>
    public static IReadOnlyList<SampleDraw> Find(ITrainingTask task, int count)
    {
        var draws = Enumerable.Range(task.SampleCount, count).Select(static index => new SampleDraw(index, index, index)).ToList();
        var good = draws.FindAll(draw => task.FindProblem(draw.Index) is null);
        if (good.Count == 0)
            throw new ImgAlignException(
                $"None of the {count} held-out samples can be used; the last one: {task.FindProblem(draws[^1].Index)}"
            );
        return good;
    }
}

namespace ImgAlign.Scorers.Means;

/// <summary>GenAI-Bench per skill (t2v_metrics, <c>show_performance_per_skill</c>). <c>basic</c> and <c>advanced</c> are tags with lists of
/// their own, not sums of others.</summary>
/// <param name="scores">The score of each prompt, by its id.</param>
/// <param name="skills">The prompts' ids of each tag.</param>
public sealed class GenAiBenchMeans(IReadOnlyList<double> scores, IReadOnlyDictionary<string, IReadOnlyList<int>> skills)
{
    /// <summary>The group of all prompts that have a tag; a prompt without one does not count.</summary>
    public const string All = "all";

    /// <summary>The mean of a tag, or of <see cref="All"/>.</summary>
    /// <param name="group">The tag.</param>
    public double Mean(string group) => Of(group).Average();

    /// <summary>The standard deviation, divided by the number less 1.</summary>
    /// <param name="group">The tag.</param>
    public double Deviation(string group) => MeanMath.Deviation(Of(group), lostDegrees: 1);

    private List<double> Of(string group) =>
        [.. (group == All ? skills.Values.SelectMany(static ids => ids).Distinct() : skills[group]).Select(id => scores[id])];
}

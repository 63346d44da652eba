using ImgAlign.Search;

namespace ImgAlign;

/// <summary>The policies that come with the library.</summary>
public static class SearchPolicies
{
    /// <summary>The method of the paper: each round aligns the picture that is kept, and the first one that is refused ends them.</summary>
    public static ISearchPolicy Rounds { get; } = new RoundsPolicy();

    /// <summary>The prompt is drawn from other noise, all of the budget at once, and the best picture kept.</summary>
    public static ISearchPolicy BestOfN { get; } = new BestOfNPolicy();

    /// <summary>One picture after the other, each by the action that what is known of the picture that is kept speaks for.</summary>
    public static ISearchPolicy Greedy { get; } = new GreedyPolicy();

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ISearchPolicy> All { get; } = [Rounds, BestOfN, Greedy];

    /// <summary>Finds a policy by its name.</summary>
    /// <param name="name">Its name, such as <c>greedy</c>.</param>
    /// <exception cref="ArgumentException">There is none of that name; the message lists those that there are.</exception>
    public static ISearchPolicy ByName(string name) =>
        All.FirstOrDefault(policy => policy.Name == name)
        ?? throw new InvalidRequestException(
            $"There is no policy '{name}'; there are {string.Join(", ", All.Select(static policy => policy.Name))}.",
            nameof(AlignmentRequest.Policy)
        );
}

namespace ImgAlign.Running;

/// <summary>Which searches can be run.</summary>
internal static class SearchRules
{
    /// <summary>The largest budget.</summary>
    public const int Most = 100;

    /// <summary>The most pictures that may be generated for each item of a request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="budget">The pipeline's own budget.</param>
    /// <exception cref="InvalidRequestException">A number is out of its range, or one too many is given.</exception>
    public static IReadOnlyList<int> Budgets(AlignmentRequest request, int? budget)
    {
        if (request is { Rounds: not null, Budget: not null })
            throw new InvalidRequestException(
                "Budget and Rounds are both given; give one of them: a round costs one generation, and so does a first picture.",
                nameof(request.Budget)
            );
        if (request.Rounds is { } rounds)
            RequestRules.RequireRange(rounds, 1, Most, nameof(request.Rounds));
        else if ((request.Budget ?? budget) is { } generations)
        {
            RequestRules.RequireRange(generations, 1, Most, nameof(request.Budget));
            return [.. request.Items.Select(_ => generations)];
        }
        return [.. request.Items.Select(item => (request.Rounds ?? 1) + (item.Image is null ? 1 : 0))];
    }

    /// <summary>Makes sure that a policy can run.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="request">The request.</param>
    /// <param name="acceptance">What decides what is kept.</param>
    /// <param name="aligns">Whether there are a detector and an aligner.</param>
    /// <exception cref="InvalidRequestException">It cannot; the message says why.</exception>
    public static void Require(ISearchPolicy policy, AlignmentRequest request, IAcceptance acceptance, bool aligns)
    {
        if (!aligns && policy.NeedsDetector)
            throw new InvalidRequestException(
                $"Policy {policy.Name} reads and aligns pictures, but this pipeline was made without a detector and an aligner; "
                    + $"give it both, or take the policy {SearchPolicies.BestOfN.Name}.",
                nameof(request.Policy)
            );
        if (policy.NeedsScores && acceptance.Scorers.Count == 0)
            throw new InvalidRequestException(
                $"Policy {policy.Name} keeps what scores best, but no scorer decides here; add one, and let it decide.",
                nameof(request.Policy)
            );
        if (policy.Actions.Any(static action => action != SearchAction.Align) && request.Items.Any(static item => item.Noise is not null))
            throw new InvalidRequestException(
                $"Policy {policy.Name} draws other noise by an item's seed, but an item has a noise source of its own; "
                    + $"leave Noise out, or take the policy {SearchPolicies.Rounds.Name}.",
                nameof(request.Policy)
            );
    }
}

using ImgAlign.Running;
using ImgAlign.Sampling;

namespace ImgAlign.Search;

/// <summary>What was tried for one item of an alignment, and what is kept of it.</summary>
/// <param name="item">What was asked for.</param>
/// <param name="resolved">How it is generated.</param>
/// <param name="budget">The most pictures that may be generated for it.</param>
internal sealed class SearchTree(AlignmentItem item, ResolvedItem resolved, int budget)
{
    private readonly List<Candidate> candidates = [];
    private readonly List<string> warnings = [.. resolved.Warnings];
    private readonly Dictionary<string, ResolvedItem> byPrompt = new() { [resolved.Prompt] = resolved };

    /// <summary>What was asked for.</summary>
    public AlignmentItem Item => item;

    /// <summary>How its first picture is generated.</summary>
    public ResolvedItem Resolved => resolved;

    /// <summary>The most pictures that may be generated for it.</summary>
    public int Budget => budget;

    /// <summary>The candidate that is kept.</summary>
    public Candidate Kept { get; private set; } = null!;

    /// <summary>The first picture.</summary>
    public void Begin(RgbImage image, IReadOnlyList<NamedScore> scores) =>
        Add(
            new Candidate
            {
                Number = 0,
                Round = 0,
                Cost = item.Image is null ? 1 : 0,
                Prompt = resolved.Prompt,
                Seed = resolved.Seed,
                Image = image,
                Scores = scores,
                Accepted = true,
            }
        );

    /// <summary>A picture more.</summary>
    public void Add(Candidate candidate)
    {
        candidates.Add(candidate);
        if (candidate.Accepted)
            Kept = candidate;
    }

    /// <summary>The item with another prompt, which later pictures may have, too.</summary>
    public void Rewrite(ResolvedItem rewritten)
    {
        byPrompt[rewritten.Prompt] = rewritten;
        warnings.AddRange(rewritten.Warnings);
    }

    /// <summary>What a policy tries next, as far as the budget goes; nothing where the search is over.</summary>
    public IEnumerable<Attempt> Next(ISearchPolicy policy, IReadOnlyList<string> questions)
    {
        var left = Math.Min(budget - candidates.Sum(static candidate => candidate.Cost), policy.Width);
        var steps = left == 0 ? [] : policy.Next(candidates, Kept).Take(left).ToList();
        var noise = candidates.Count(static candidate => candidate.Action is not (null or SearchAction.Align));
        foreach (var (place, step) in steps.Index())
        {
            if (!policy.Actions.Contains(step.Action) || step.Parent < 0 || step.Parent >= candidates.Count)
                throw new ImgAlignException(
                    $"The policy {policy.Name} proposes {step.Action} of the picture {step.Parent}, but its actions are "
                        + $"{string.Join(", ", policy.Actions)}, and the pictures 0 to {candidates.Count - 1}; correct the policy."
                );
            var (number, parent) = (candidates.Count + place, candidates[step.Parent]);
            var seed = step.Action == SearchAction.Align ? parent.Seed : SeedSequence.OtherNoise(item.Seed, noise++);
            yield return new Attempt(this, number, step.Action, parent, questions.ElementAtOrDefault(number - 1) ?? "")
            {
                Drawn = byPrompt[parent.Prompt] with { Seed = seed },
            };
        }
    }

    /// <summary>What became of it.</summary>
    public AlignedItem ToResult() =>
        new()
        {
            Item = item with { Size = resolved.Size },
            PlainPrompt = resolved.PlainPrompt,
            Budget = budget,
            Candidates = candidates,
            Warnings = warnings,
        };
}

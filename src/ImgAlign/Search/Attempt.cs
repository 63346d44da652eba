using ImgAlign.Generation;
using ImgAlign.Running;

namespace ImgAlign.Search;

/// <summary>A picture that a round draws, before it is there.</summary>
/// <param name="tree">The search that it is of.</param>
/// <param name="number">The number of the candidate that it becomes.</param>
/// <param name="action">What is done.</param>
/// <param name="parent">The candidate that it is done to.</param>
/// <param name="question">What the detector is asked about that one, if it reads it.</param>
internal sealed class Attempt(SearchTree tree, int number, SearchAction action, Candidate parent, string question)
{
    private string? critique;

    /// <summary>The search that it is of.</summary>
    public SearchTree Tree => tree;

    /// <summary>The number of the candidate that it becomes.</summary>
    public int Number => number;

    /// <summary>The candidate that it comes from.</summary>
    public Candidate Parent => parent;

    /// <summary>How it is drawn.</summary>
    public required ResolvedItem Drawn { get; set; }

    /// <summary>Whether the parent's features are aligned.</summary>
    public bool Aligns => action is SearchAction.Align or SearchAction.AlignAndResample;

    /// <summary>Whether the detector reads the parent.</summary>
    public bool Reads => Aligns || action is SearchAction.Rewrite;

    /// <summary>What the detector reads.</summary>
    public DetectionInput Input => new(parent.Image, question);

    /// <summary>Takes in the detector's answer, which may correct the prompt.</summary>
    /// <param name="answer">The answer in words; null: there is none.</param>
    /// <param name="rewriter">What corrects prompts.</param>
    /// <param name="backbone">What draws them.</param>
    /// <param name="request">How they are drawn.</param>
    /// <exception cref="ImgAlignException">The corrected prompt is one that the backbone refuses.</exception>
    public void Hear(string? answer, IPromptRewriter rewriter, IDiffusionBackbone backbone, ResolvedRequest request)
    {
        critique = answer;
        if (action != SearchAction.Rewrite)
            return;
        var prompt = rewriter.Rewrite(tree.Item.Prompt, answer ?? "");
        try
        {
            backbone.CheckPrompt(prompt);
            Drawn = RequestRules.WithPrompt(Drawn, prompt, request, backbone);
        }
        catch (ArgumentException exception)
        {
            throw new ImgAlignException(
                $"The rewriter made a prompt that {backbone.Name} refuses; give another Rewriter, or another policy: {exception.Message}",
                exception
            );
        }
        tree.Rewrite(Drawn);
    }

    /// <summary>What is drawn.</summary>
    /// <param name="promptRow">The row of its image prompt; null: it has none.</param>
    /// <param name="startsFromParent">Whether it starts from the parent's picture.</param>
    public Drawing ToDrawing(int? promptRow, bool startsFromParent) => new(Drawn, promptRow, startsFromParent ? parent.Image : null);

    /// <summary>What it has become.</summary>
    /// <param name="round">The round.</param>
    /// <param name="image">The picture.</param>
    /// <param name="scores">Its scores.</param>
    /// <param name="acceptance">What decides whether it is kept.</param>
    public Candidate ToCandidate(int round, RgbImage image, IReadOnlyList<NamedScore> scores, IAcceptance acceptance) =>
        new()
        {
            Number = number,
            Parent = parent.Number,
            Action = action,
            Round = round,
            Cost = 1,
            Prompt = Drawn.Prompt,
            Seed = Drawn.Seed,
            Question = Reads ? question : null,
            Critique = critique,
            Image = image,
            Scores = scores,
            Accepted = acceptance.Accepts(tree.Kept.Scores, scores),
        };
}

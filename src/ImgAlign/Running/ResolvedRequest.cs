namespace ImgAlign.Running;

/// <summary>One picture to generate, checked, with all defaults filled in.</summary>
/// <param name="Index">Its position in the request, from 0.</param>
/// <param name="Prompt">What it should show.</param>
/// <param name="PlainPrompt">The same as the models read it that read it beside the diffusion model.</param>
/// <param name="NegativePrompt">What it must not show; null: the family's unconditional prompt.</param>
/// <param name="TextTokens">The tokens of features that both prompts get (<see cref="PromptReading.Tokens"/>).</param>
/// <param name="Seed">The seed of its noise.</param>
/// <param name="Size">Its size in pixels.</param>
/// <param name="Image">Its image prompt, or for an alignment the picture to align; null for none.</param>
/// <param name="Noise">Where its noise comes from; null: a generator with the seed.</param>
/// <param name="Warnings">What its maker should know.</param>
internal sealed record ResolvedItem(
    int Index,
    string Prompt,
    string PlainPrompt,
    string? NegativePrompt,
    int TextTokens,
    long Seed,
    ImageSize Size,
    RgbImage? Image,
    INoiseSource? Noise,
    IReadOnlyList<string> Warnings
);

/// <summary>Pictures to generate, checked, with all defaults filled in.</summary>
/// <param name="Items">The pictures.</param>
/// <param name="Settings">How they are sampled.</param>
/// <param name="IsGuided">Whether any step computes the branch without the prompts.</param>
/// <param name="MaxBatchSize">The most items at once.</param>
/// <param name="PreviewInterval">A preview every so many evaluations; null: none.</param>
internal sealed record ResolvedRequest(
    IReadOnlyList<ResolvedItem> Items,
    SamplingSettings Settings,
    bool IsGuided,
    int MaxBatchSize,
    int? PreviewInterval
);

/// <summary>Pictures to align, checked, with all defaults filled in.</summary>
/// <param name="Request">As it was asked for.</param>
/// <param name="Generation">How the pictures are generated.</param>
/// <param name="Questions">For each item the question that each picture after the first may need.</param>
/// <param name="Budgets">For each item the most pictures that may be generated for it.</param>
/// <param name="Policy">What is tried.</param>
/// <param name="Acceptance">What decides which pictures are kept.</param>
internal sealed record ResolvedAlignment(
    AlignmentRequest Request,
    ResolvedRequest Generation,
    IReadOnlyList<IReadOnlyList<string>> Questions,
    IReadOnlyList<int> Budgets,
    ISearchPolicy Policy,
    IAcceptance Acceptance
)
{
    /// <summary>Whether features may be aligned.</summary>
    public bool Aligns => Policy.Actions.Any(static action => action is SearchAction.Align or SearchAction.AlignAndResample);

    /// <summary>The most tokens of an answer; 0: no answers.</summary>
    public int CritiqueTokens => Request.DescribeCritique || Policy.Actions.Contains(SearchAction.Rewrite) ? Request.CritiqueTokens : 0;

    /// <summary>The same with a warning of every item.</summary>
    public ResolvedAlignment Warn(string warning) =>
        this with
        {
            Generation = Generation with
            {
                Items = [.. Generation.Items.Select(item => item with { Warnings = [.. item.Warnings, warning] })],
            },
        };
}

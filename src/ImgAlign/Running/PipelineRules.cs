namespace ImgAlign.Running;

/// <summary>What a pipeline may be made of, and what a request asks of it.</summary>
internal static class PipelineRules
{
    /// <summary>A backbone and the same on further devices.</summary>
    /// <exception cref="ArgumentException">Two are on one device, or differ.</exception>
    public static IReadOnlyList<IDiffusionBackbone> Backbones(IDiffusionBackbone backbone, IReadOnlyList<IDiffusionBackbone> replicas)
    {
        if (
            replicas.FirstOrDefault(replica =>
                replica.Name != backbone.Name || replica.Info with { Loras = [] } != backbone.Info with { Loras = [] }
            ) is
            { } other
        )
            throw new ArgumentException(
                $"The replica {other.Name} is another model than {backbone.Name}; replicas are the same model on other devices.",
                nameof(replicas)
            );
        if (replicas.Prepend(backbone).CountBy(static replica => replica.Runtime).Any(static count => count.Value > 1))
            throw new ArgumentException(
                $"Two of the {replicas.Count + 1} backbones are on one device, where they would compute one after the other; "
                    + "make each on a DeviceRuntime of its own.",
                nameof(replicas)
            );
        return [backbone, .. replicas];
    }

    /// <summary>What a generation asks of its models.</summary>
    public static Workload Workload(ResolvedRequest request) =>
        new()
        {
            Size = request.Items.Select(static item => item.Size).MaxBy(static size => (long)size.Width * size.Height),
            Batch = request.Items.Count,
            TextTokens = request.Items.Max(static item => item.TextTokens),
            HasPreviews = request.PreviewInterval is not null,
            EncodesPictures = request.Settings.Strength is not null,
            BranchesAtOnce = request.IsGuided && request.Settings.GuidanceBranches == GuidanceBranches.Together ? 2 : 1,
        };

    /// <summary>Whether any step computes the branch without the prompts.</summary>
    public static bool IsGuided(SamplingSettings settings, IDiffusionBackbone backbone)
    {
        var guidance = backbone.CreateGuidance(settings);
        return Enumerable.Range(0, settings.Steps).Any(step => guidance.IsGuided(step, settings.Steps));
    }
}

namespace ImgAlign.Running;

/// <summary>What a run needs, before it begins.</summary>
/// <param name="Name"><c>align</c>, <c>generate</c> or <c>describe</c>.</param>
/// <param name="Models">The models that it computes with, the one that leads first.</param>
/// <param name="Workload">What it asks of them; its batch is the number of items.</param>
/// <param name="MaxBatchSize">The most items at once.</param>
/// <param name="Seed">The first item's seed, for telemetry.</param>
/// <param name="Prompts">The prompts, for telemetry.</param>
/// <param name="Warnings">What is to be known of the items, each sentence once.</param>
internal sealed record RunPlan(
    string Name,
    IReadOnlyList<IModel> Models,
    Workload Workload,
    int MaxBatchSize,
    long Seed,
    string Prompts,
    IReadOnlyList<string> Warnings
);

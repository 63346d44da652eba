using ImgAlign.Runtime;

namespace ImgAlign.DependencyInjection;

/// <summary>The device that the models of a container run on unless they name another one, further devices, and what its pipelines are made
/// of.</summary>
public sealed class ImgAlignOptions : RuntimeOptions
{
    /// <summary>Further devices by name, each with options of its own; a model's <c>Device</c> names one.</summary>
    public IDictionary<string, RuntimeOptions> Devices { get; } = new Dictionary<string, RuntimeOptions>();

    /// <summary>What the pipelines are made of that are asked for without a key.</summary>
    public PipelineOptions Pipeline { get; set; } = new();

    /// <summary>Further pipelines, each asked for by its name as the key. Models that several pipelines name are shared.</summary>
    public IDictionary<string, PipelineOptions> Pipelines { get; } = new Dictionary<string, PipelineOptions>();

    /// <summary>Whether prompts are written to logs and traces.</summary>
    public bool RecordPrompts { get; set; }

    /// <summary>The same options on another device.</summary>
    internal RuntimeOptions For(string device) =>
        new()
        {
            Device = device,
            Precision = Precision,
            Residency = Residency,
            MemoryBudgetBytes = MemoryBudgetBytes,
            Threads = Threads,
            UseWideGemm = UseWideGemm,
            QueueLimit = QueueLimit,
        };
}

using ImgAlign.Detectors;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.Training.Preference;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>What an aligner is told about picture and prompt.</summary>
internal enum AlignerInput
{
    /// <summary>The detector's hidden states: the method.</summary>
    Detector,

    /// <summary>Those of the same LLaVA before it was tuned on instructions.</summary>
    OriginalDetector,

    /// <summary>The prompt's text features; nothing reads the picture.</summary>
    Prompt,
}

/// <summary>An aligner that is trained and measured: the method's own, or one of its ablations (IMG, table 4).</summary>
/// <param name="Name">The name of its stage and file.</param>
/// <param name="Title">What a reader is told.</param>
/// <param name="Objective">Its losses.</param>
/// <param name="Input">What it is told.</param>
internal sealed record AlignerVariant(string Name, string Title, PreferenceObjective Objective, AlignerInput Input = AlignerInput.Detector)
{
    /// <summary>The method's own.</summary>
    public static AlignerVariant Full { get; } = new("aligner", "IMG", new PreferenceObjective());

    /// <summary>The ablations.</summary>
    public static IReadOnlyList<AlignerVariant> Ablations { get; } =
    [
        new("aligner-prompt", "text features in place of the detector's", new PreferenceObjective(), AlignerInput.Prompt),
        new("aligner-original-detector", "detector not fine-tuned", new PreferenceObjective(), AlignerInput.OriginalDetector),
        new("aligner-base", "L_base only (lambda 0)", new PreferenceObjective(Terms: PreferenceTerms.BaseOnly)),
        new("aligner-dpo", "L_base + DPO", new PreferenceObjective(Terms: PreferenceTerms.DpoOnly)),
        new("aligner-lambda-half", "lambda 0.5", new PreferenceObjective(Lambda: 0.5)),
        new("aligner-lambda-two", "lambda 2", new PreferenceObjective(Lambda: 2)),
    ];

    /// <summary>Whether only a measurement needs it.</summary>
    public bool IsAblation => this != Full;

    /// <summary>What its detector is asked in every case; null: a drawn question.</summary>
    public string? Template => Input == AlignerInput.Prompt ? Questions.Placeholder : null;

    /// <summary>Where its weights are.</summary>
    /// <param name="world">The world.</param>
    /// <param name="ablations">What is trained for measurements only.</param>
    public string File(WorldFolder world, WorldFolder ablations) =>
        IsAblation ? Path.Combine(ablations.Root, Name + ".safetensors") : world.Aligner;

    /// <summary>Opens what tells it about picture and prompt.</summary>
    /// <param name="runtime">Where that computes.</param>
    /// <param name="world">The world.</param>
    /// <param name="ablations">What is trained for measurements only.</param>
    public IMisalignmentDetector OpenDetector(DeviceRuntime runtime, WorldFolder world, WorldFolder ablations) =>
        Input switch
        {
            AlignerInput.Detector => new LlavaDetector(runtime, world.DetectorOptions()),
            AlignerInput.OriginalDetector => new LlavaDetector(runtime, ablations.DetectorOptions()),
            _ => new PromptReader(runtime, world),
        };

    /// <summary>The files of what <see cref="OpenDetector"/> opens.</summary>
    /// <param name="world">The world.</param>
    /// <param name="ablations">What is trained for measurements only.</param>
    public string[] DetectorFiles(WorldFolder world, WorldFolder ablations) =>
        Input switch
        {
            AlignerInput.Detector => [world.Detector],
            AlignerInput.OriginalDetector => [ablations.Detector],
            _ => [world.TextEncoder, world.TextEncoder2, world.Tokenizer],
        };
}

namespace ImgAlign.ShapeWorld.Evaluation;

/// <summary>What is measured, and how.</summary>
public sealed class EvaluationOptions
{
    /// <summary>The number of prompts; half of them with pairs of objects that were never trained on.</summary>
    public int Prompts { get; init; } = 1000;

    /// <summary>The seed of prompts and noise.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The image prompt's scale.</summary>
    public double Scale { get; init; } = SamplingOptions.Default.ImagePromptScale;

    /// <summary>The aligner's passes in a round.</summary>
    public int Passes { get; init; } = 3;

    /// <summary>Euler steps of a generation.</summary>
    public int Steps { get; init; } = SamplingOptions.Default.Steps;

    /// <summary>The scale of classifier-free guidance.</summary>
    public double Guidance { get; init; } = SamplingOptions.Default.Guidance;
}

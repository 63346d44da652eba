namespace ImgAlign;

/// <summary>What every run that makes pictures says of how they were made.</summary>
public abstract class RunResult
{
    /// <summary>How they were sampled, with all defaults filled in.</summary>
    public required SamplingSettings Settings { get; init; }

    /// <summary>The LoRAs that are merged into the diffusion model that made them.</summary>
    public required IReadOnlyList<AppliedLora> Loras { get; init; }

    /// <summary>What it cost.</summary>
    public required RunReport Report { get; init; }
}

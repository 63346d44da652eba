namespace ImgAlign.Checkpoints;

/// <summary>The networks that a LoRA file of SDXL may change.</summary>
public enum LoraTarget
{
    /// <summary>The UNet.</summary>
    UNet,

    /// <summary>The first text encoder.</summary>
    TextEncoder,

    /// <summary>The second text encoder.</summary>
    TextEncoder2,
}

namespace ImgAlign.Checkpoints;

/// <summary>The networks of a diffusion model that a LoRA file may change.</summary>
public enum LoraTarget
{
    /// <summary>The diffusion network itself: a UNet or a transformer.</summary>
    Denoiser,

    /// <summary>The first text encoder.</summary>
    TextEncoder,

    /// <summary>The second text encoder.</summary>
    TextEncoder2,
}

using System.ComponentModel.DataAnnotations;

namespace ImgAlign.Backbones;

/// <summary>One LoRA of SDXL and how strongly it acts.</summary>
public sealed class SdxlLoraOptions
{
    /// <summary>The file, in the format of diffusers and peft or in that of kohya's sd-scripts.</summary>
    [Required]
    public string Path { get; set; } = "";

    /// <summary>The factor of its change: 1 as it was trained, 0 for none.</summary>
    public double Scale { get; set; } = 1;
}

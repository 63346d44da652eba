using System.ComponentModel.DataAnnotations;
using ImgAlign.Checkpoints;

namespace ImgAlign.Backbones;

/// <summary>One LoRA and how strongly it acts.</summary>
public sealed class LoraOptions
{
    /// <summary>The file, in the format of diffusers and peft, of kohya's sd-scripts, or, for FLUX.1, of XLabs; or a name of the
    /// hub.</summary>
    [Required]
    public string Path { get; set; } = "";

    /// <summary>The factor of its change: 1 as it was trained, 0 for none.</summary>
    [Range(double.MinValue, double.MaxValue, ErrorMessage = "{0} must be a finite number.")]
    public double Scale { get; set; } = 1;
}

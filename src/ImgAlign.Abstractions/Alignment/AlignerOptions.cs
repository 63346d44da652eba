using System.ComponentModel.DataAnnotations;

namespace ImgAlign.Alignment;

/// <summary>Where the file of an aligner is.</summary>
public sealed class AlignerOptions
{
    /// <summary>In a container, the device that it runs on: a name in <c>ImgAlignOptions.Devices</c>, or a
    /// device such as <c>cuda:1</c>. Null: the container's own.</summary>
    public string? Device { get; set; }

    /// <summary>The checkpoint, such as <c>aligner_sdxl.pth</c>.</summary>
    [Required]
    public string Path { get; set; } = "";

    /// <summary>Width of an attention head, which the file does not tell; 64 in all released ones.</summary>
    [Range(1, 4096)]
    public int HeadWidth { get; set; } = 64;

    /// <summary>The number of image-prompt tokens that it was trained for, where the file does not tell; null: it is not known.</summary>
    [Range(1, 4096)]
    public int? Tokens { get; set; }
}

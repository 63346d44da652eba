using System.ComponentModel.DataAnnotations;

namespace ImgAlign.Scorers;

/// <summary>Where the files of a CLIP score are.</summary>
public sealed class ClipScoreOptions
{
    /// <summary>
    /// In a container, the device that it runs on: a name in <see cref="DependencyInjection.ImgAlignOptions.Devices"/>, or a device such as
    /// <c>cuda:1</c>. Null: the container's own.
    /// </summary>
    public string? Device { get; set; }

    /// <summary>
    /// A whole CLIP model in transformers' layout, such as <c>openai/clip-vit-large-patch14</c>: a folder, or a name of the hub.
    /// </summary>
    [Required]
    public string ModelPath { get; set; } = "";
}

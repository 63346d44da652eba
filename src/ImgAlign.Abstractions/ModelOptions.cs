using System.ComponentModel.DataAnnotations;

namespace ImgAlign;

/// <summary>Where the files of a model are, and what it runs on.</summary>
public abstract class ModelOptions
{
    /// <summary>
    /// In a container, the device that it runs on: a name in <c>ImgAlignOptions.Devices</c>, or a device such as
    /// <c>cuda:1</c>. Null: the container's own.
    /// </summary>
    public string? Device { get; set; }

    /// <summary>The model: a folder or a file, as the family says.</summary>
    [Required]
    public string ModelPath { get; set; } = "";
}

using System.ComponentModel.DataAnnotations;
using ImgAlign.Checkpoints;

namespace ImgAlign.Backbones;

/// <summary>Where the files of a diffusion model and its image prompt are: what families have that can have an image prompt.</summary>
public abstract class ImagePromptedOptions : DiffusionOptions
{
    /// <summary>How the image prompt's encoder keeps the weights of its linear layers.</summary>
    [EnumDataType(typeof(WeightStorage))]
    public WeightStorage ImageEncoderStorage { get; set; }

    /// <summary>
    /// The image prompt, as released: a folder with <c>image_encoder</c> and the files of the projection and the adapter. Null: the paths
    /// of its parts, or no image prompts, and so no alignment.
    /// </summary>
    public string? ImagePromptPath { get; set; }

    /// <summary>The image prompt's encoder: a folder with its <c>config.json</c>. Null: the one in <see cref="ImagePromptPath"/>.</summary>
    public string? ImageEncoderPath { get; set; }

    /// <summary>The image prompt's keys and values, and FLUX's projection. Null: those in <see cref="ImagePromptPath"/>.</summary>
    public string? AdapterPath { get; set; }
}

using System.ComponentModel.DataAnnotations;
using ImgAlign.Checkpoints;
using Microsoft.Extensions.Options;

namespace ImgAlign.Backbones;

/// <summary>Where the files of a diffusion model are: what all families have.</summary>
public abstract class DiffusionOptions : ModelOptions
{
    /// <summary>
    /// Another autoencoder (VAE): a folder with its <c>config.json</c>, a folder with such a folder <c>vae</c> (SDXL), or a file. Null: the
    /// model's own.
    /// </summary>
    public string? VaePath { get; set; }

    /// <summary>LoRAs merged into the diffusion model's network and the text encoders; their changes add up. None by default.</summary>
    [ValidateEnumeratedItems]
    public IList<LoraOptions> Loras { get; } = [];

    /// <summary>How the diffusion model's network and its image-prompt adapter keep the weights of their linear layers.</summary>
    [EnumDataType(typeof(WeightStorage))]
    public WeightStorage Storage { get; set; }

    /// <summary>How the text encoders keep the weights of their linear layers.</summary>
    [EnumDataType(typeof(WeightStorage))]
    public WeightStorage TextEncoderStorage { get; set; }
}

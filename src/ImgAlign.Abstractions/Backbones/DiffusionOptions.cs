using System.ComponentModel.DataAnnotations;
using ImgAlign.Checkpoints;
using ImgAlign.Runtime;
using Microsoft.Extensions.Options;

namespace ImgAlign.Backbones;

/// <summary>Where the files of a diffusion model are: what all families have.</summary>
public abstract class DiffusionOptions : ModelOptions
{
    /// <summary>
    /// Another autoencoder (VAE), also a tiny one: a folder with its <c>config.json</c>, a folder with such a folder <c>vae</c> (SDXL), or
    /// a file. Null: the model's own.
    /// </summary>
    public string? VaePath { get; set; }

    /// <summary>
    /// A tiny autoencoder (TAESDXL, TAEF1) for previews and for <see cref="Decoder"/>: a folder, the file of its decoder, or a name of the
    /// hub (<c>madebyollin/taesdxl</c>). Null: none; previews are then decoded by the VAE.
    /// </summary>
    public string? TinyVaePath { get; set; }

    /// <summary>What makes the final pictures.</summary>
    [EnumDataType(typeof(PictureDecoder))]
    public PictureDecoder Decoder { get; set; }

    /// <summary>The number format that autoencoders run in. Auto: the device's, or Float32 where their configuration says that they
    /// overflow otherwise.</summary>
    [EnumDataType(typeof(Precision))]
    public Precision VaePrecision { get; set; }

    /// <summary>When autoencoders work tile by tile, which takes less memory and changes the picture a little.</summary>
    [EnumDataType(typeof(VaeTiling))]
    public VaeTiling VaeTiling { get; set; }

    /// <summary>Both sides of a tile in pixels; a quarter of it overlaps the next one. A multiple of 32 for SDXL and FLUX.1.</summary>
    [Range(1, 65536)]
    public int VaeTileSize { get; set; } = 512;

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

using System.ComponentModel.DataAnnotations;
using ImgAlign.Checkpoints;
using Microsoft.Extensions.Options;

namespace ImgAlign.Backbones;

/// <summary>Where the files of an SDXL model and its image prompt are.</summary>
public sealed class SdxlOptions
{
    /// <summary>In a container, the device that it runs on: a name in <see cref="DependencyInjection.ImgAlignOptions.Devices"/>, or a device such as <c>cuda:1</c>. Null: the container's own.</summary>
    public string? Device { get; set; }

    /// <summary>
    /// The model: a folder as published (<c>unet</c>, <c>vae</c>, <c>text_encoder</c>, ...), a folder of the hub's local cache
    /// (<c>models--org--name</c>), or a single file in the original layout (<c>sd_xl_base_1.0.safetensors</c>). Any fine-tune of SDXL.
    /// </summary>
    [Required]
    public string ModelPath { get; set; } = "";

    /// <summary>
    /// For a single file: a folder as published with its sizes and, in <c>tokenizer</c> and <c>tokenizer_2</c>, its tokenizers. Null: the folder
    /// that the file is in. Sizes that are not there are those of SDXL base.
    /// </summary>
    public string? ConfigPath { get; set; }

    /// <summary>Another UNet, such as that of SDXL-DPO: a folder with its <c>config.json</c>, a folder with such a folder <c>unet</c>, or a file. Null: the model's own.</summary>
    public string? UNetPath { get; set; }

    /// <summary>
    /// Another autoencoder (VAE), for single files without one too: a folder with its <c>config.json</c>, a folder with such a folder <c>vae</c>, or
    /// a file (<c>sdxl_vae.safetensors</c>). Null: the model's own.
    /// </summary>
    public string? VaePath { get; set; }

    /// <summary>LoRAs merged into the UNet and the text encoders; several add up. None by default.</summary>
    [ValidateEnumeratedItems]
    public IList<LoraOptions> Loras { get; } = [];

    /// <summary>How the UNet and its image-prompt adapter keep the weights of their linear layers; its convolutions stay as they are.</summary>
    [EnumDataType(typeof(WeightStorage))]
    public WeightStorage Storage { get; set; }

    /// <summary>How the text encoders keep the weights of their linear layers.</summary>
    [EnumDataType(typeof(WeightStorage))]
    public WeightStorage TextEncoderStorage { get; set; }

    /// <summary>How the image prompt's encoder keeps the weights of its linear layers.</summary>
    [EnumDataType(typeof(WeightStorage))]
    public WeightStorage ImageEncoderStorage { get; set; }

    /// <summary>
    /// The image prompt, as released with IMG: a folder with <c>image_encoder</c>, <c>resampler.pth</c> and
    /// <c>ip-adapter-plus_sdxl_vit-h.bin</c>. Null: the three paths below, or no image prompts, and so no alignment.
    /// </summary>
    public string? ImagePromptPath { get; set; }

    /// <summary>The image prompt's encoder, ViT-H/14: a folder with its <c>config.json</c>. Null: the one in <see cref="ImagePromptPath"/>.</summary>
    public string? ImageEncoderPath { get; set; }

    /// <summary>The image prompt's projection. Null: the one in <see cref="ImagePromptPath"/>, else the one inside <see cref="AdapterPath"/>.</summary>
    public string? ResamplerPath { get; set; }

    /// <summary>The image prompt's keys and values. Null: those in <see cref="ImagePromptPath"/>.</summary>
    public string? AdapterPath { get; set; }
}

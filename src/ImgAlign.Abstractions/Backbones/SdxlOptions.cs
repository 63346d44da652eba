namespace ImgAlign.Backbones;

/// <summary>Where the files of an SDXL model and its image prompt are.</summary>
/// <remarks>
/// The model is a folder as published (<c>unet</c>, <c>vae</c>, <c>text_encoder</c>, ...), a folder of the hub's local cache
/// (<c>models--org--name</c>), or a single file in the original layout (<c>sd_xl_base_1.0.safetensors</c>): any fine-tune of SDXL. The
/// image prompt, as released with IMG, is a folder with <c>image_encoder</c> (ViT-H/14), <c>resampler.pth</c> and
/// <c>ip-adapter-plus_sdxl_vit-h.bin</c>. The UNet's convolutions stay as they are, whatever <see cref="DiffusionOptions.Storage"/> says.
/// </remarks>
public sealed class SdxlOptions : ImagePromptedOptions
{
    /// <summary>
    /// For a single file: a folder as published with its sizes and, in <c>tokenizer</c> and <c>tokenizer_2</c>, its tokenizers. Null: the
    /// folder that the file is in. Sizes that are not there are those of SDXL base.
    /// </summary>
    public string? ConfigPath { get; set; }

    /// <summary>Another UNet, such as that of SDXL-DPO: a folder with its <c>config.json</c>, a folder with such a folder <c>unet</c>, or a
    /// file. Null: the model's own.</summary>
    public string? UNetPath { get; set; }

    /// <summary>The image prompt's projection. Null: the one in <see cref="ImagePromptedOptions.ImagePromptPath"/>, else the one inside
    /// <see cref="ImagePromptedOptions.AdapterPath"/>.</summary>
    public string? ResamplerPath { get; set; }

    /// <summary>Whether prompts are in the notation of weights (<see cref="SdxlSettings.PromptWeights"/>) where a request does not say
    /// it.</summary>
    public bool PromptWeights { get; set; }
}

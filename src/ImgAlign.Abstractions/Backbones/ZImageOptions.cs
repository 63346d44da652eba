using System.ComponentModel.DataAnnotations;

namespace ImgAlign.Backbones;

/// <summary>Where the files of a Z-Image model are.</summary>
/// <remarks>
/// The model: a folder as published, <c>Tongyi-MAI/Z-Image-Turbo</c> or <c>Tongyi-MAI/Z-Image</c> (<c>text_encoder</c>, <c>tokenizer</c>,
/// <c>scheduler</c>, <c>transformer</c>, <c>vae</c>), or a folder of the hub's local cache. Where it has no <c>transformer</c> or no
/// <c>vae</c>, the one file <c>z_image*.safetensors</c> and <c>ae.safetensors</c> in it are taken. There is no image prompt for it.
/// </remarks>
public sealed class ZImageOptions : DiffusionOptions
{
    /// <summary>
    /// Another transformer: a folder with its <c>config.json</c>, or a file in the authors' layout, such as
    /// <c>z_image_turbo_bf16.safetensors</c>. Null: the model's own.
    /// </summary>
    public string? TransformerPath { get; set; }

    /// <summary>Another file of the text encoder's weights, such as <c>qwen_3_4b.safetensors</c>. Null: the model's own.</summary>
    public string? TextEncoderPath { get; set; }

    /// <summary>The most tokens of a prompt that are read, those of the template around it among them.</summary>
    [Range(8, 1504)]
    public int MaxTextTokens { get; set; } = 512;
}

using System.ComponentModel.DataAnnotations;
using ImgAlign.Imaging;
using ImgAlign.Sampling;

namespace ImgAlign.Backbones;

/// <summary>Where the files of a FLUX.1 model and its image prompt are, and in what it follows IMG's released code.</summary>
/// <remarks>
/// The model: a folder as published (<c>text_encoder</c>, <c>text_encoder_2</c>, <c>tokenizer</c>, <c>tokenizer_2</c>, <c>scheduler</c>,
/// <c>transformer</c>, <c>vae</c>), or a folder of the hub's local cache (<c>models--org--name</c>). Where it has no <c>transformer</c> or
/// no <c>vae</c>, the authors' <c>flux1-dev.safetensors</c> (or <c>flux1-schnell.safetensors</c>, or the one <c>.gguf</c> file) and
/// <c>ae.safetensors</c> in it are taken. The image prompt is a folder with <c>ip_adapter.safetensors</c> and <c>image_encoder</c>
/// (ViT-L/14). Other files may be in diffusers' or in the authors' layout.
/// </remarks>
public sealed class FluxOptions : ImagePromptedOptions
{
    /// <summary>
    /// Another transformer: a folder with its <c>config.json</c>, or a file in the authors' layout, also a <c>.gguf</c>.
    /// Null: the model's own.
    /// </summary>
    public string? TransformerPath { get; set; }

    /// <summary>
    /// FLUX.1-Redux as the image prompt in the place of XLabs' adapter: the folder of <c>FLUX.1-Redux-dev</c>, or
    /// <c>flux1-redux-dev.safetensors</c> with SigLIP's folder (<c>google/siglip-so400m-patch14-384</c>) as
    /// <see cref="ImagePromptedOptions.ImageEncoderPath"/>. Its tokens stand beside the text's. An alignment needs an aligner trained for
    /// them. Null: none.
    /// </summary>
    public string? ReduxPath { get; set; }

    /// <summary>How image tokens are counted for the schedule.</summary>
    [EnumDataType(typeof(FlowTokenCount))]
    public FlowTokenCount ScheduleTokens { get; set; } = FlowTokenCount.Released;

    /// <summary>How colours become bytes.</summary>
    [EnumDataType(typeof(PixelRounding))]
    public PixelRounding Rounding { get; set; } = PixelRounding.Down;

    /// <summary>
    /// Skips the blocks behind the first one in steps in which the first one adds nearly the same as in the last step that ran all: the
    /// relative change up to which steps count as the same, such as 0.1; decided for each picture by itself. The picture changes. Null: all
    /// blocks run in all steps.
    /// </summary>
    [Range(0.0, 1.0)]
    public double? StepCacheThreshold { get; set; }

    /// <summary>The number of T5's tokens, padding included; null: 512, and 256 for FLUX.1-schnell.</summary>
    [Range(1, 4096)]
    public int? MaxTextTokens { get; set; }
}

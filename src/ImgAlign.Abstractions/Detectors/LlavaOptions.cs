using System.ComponentModel.DataAnnotations;
using ImgAlign.Checkpoints;

namespace ImgAlign.Detectors;

/// <summary>Where the files of a LLaVA-1.5 are, and how it is asked.</summary>
/// <remarks>
/// The model: a folder in the layout of <c>llava-hf/llava-1.5-13b-hf</c> or of <c>liuhaotian/llava-v1.5-13b</c> (as IMG's own
/// <c>llava</c>), or a folder of the hub's local cache.
/// </remarks>
public sealed class LlavaOptions : ModelOptions
{
    /// <summary>
    /// The folder of the vision tower, <c>openai/clip-vit-large-patch14-336</c>, where the model's folder does not hold it. Weights of the
    /// tower in the model's own checkpoint come first: they may be fine-tuned.
    /// </summary>
    public string? VisionTowerPath { get; set; }

    /// <summary>The conversation template; the released IMG was trained with <c>llava_v0</c>.</summary>
    [RegularExpression("llava_v0|llava_v1|vicuna_v1|plain", ErrorMessage = "{0} must be llava_v0, llava_v1, vicuna_v1 or plain.")]
    public string Template { get; set; } = "llava_v0";

    /// <summary>The conversation template in which it judges: <c>vicuna_v1</c>, as VQAScore is published for LLaVA-1.5, unless the model was
    /// trained with another one alone.</summary>
    [RegularExpression("llava_v0|llava_v1|vicuna_v1|plain", ErrorMessage = "{0} must be llava_v0, llava_v1, vicuna_v1 or plain.")]
    public string JudgeTemplate { get; set; } = "vicuna_v1";

    /// <summary>
    /// How a picture is made square: <c>pad</c> adds bars, <c>crop</c> cuts the middle out. Null: as the model's configuration says, and
    /// <c>pad</c>, as LLaVA-1.5 was trained, where it says nothing.
    /// </summary>
    [RegularExpression("pad|crop", ErrorMessage = "{0} must be pad or crop.")]
    public string? ImageAspectRatio { get; set; }

    /// <summary>How LLaVA keeps the weights of its linear layers. Its hidden states then differ a little from those that the aligner was
    /// trained with.</summary>
    [EnumDataType(typeof(WeightStorage))]
    public WeightStorage Storage { get; set; }
}

using System.ComponentModel.DataAnnotations;
using ImgAlign.Checkpoints;

namespace ImgAlign.Detectors;

/// <summary>Where the files of a Qwen2.5-VL are, and how it is asked.</summary>
/// <remarks>The model: a folder as <c>Qwen/Qwen2.5-VL-7B-Instruct</c> or <c>Qwen/Qwen2.5-VL-3B-Instruct</c>, or a folder of the hub's local
/// cache.</remarks>
public sealed class QwenOptions : ModelOptions
{
    /// <summary>The system message, which may be empty; null: the chat template's own, "You are a helpful assistant.".</summary>
    public string? System { get; set; }

    /// <summary>
    /// The most pixels of a picture that are read, larger pictures being scaled down first; null: as the model's image processor says. Time
    /// and memory grow with them: every 28 x 28 pixels are one position of the sequence.
    /// </summary>
    [Range(28 * 28, int.MaxValue)]
    public int? MaxPixels { get; set; }

    /// <summary>How Qwen2.5-VL keeps the weights of its linear layers. Its hidden states then differ a little from those that the aligner
    /// was trained with.</summary>
    [EnumDataType(typeof(WeightStorage))]
    public WeightStorage Storage { get; set; }
}

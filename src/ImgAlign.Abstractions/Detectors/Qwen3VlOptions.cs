using System.ComponentModel.DataAnnotations;
using ImgAlign.Checkpoints;

namespace ImgAlign.Detectors;

/// <summary>Where the files of a Qwen3-VL are, and how it is asked.</summary>
/// <remarks>The model: a folder as <c>Qwen/Qwen3-VL-8B-Instruct</c> or <c>Qwen/Qwen3-VL-4B-Instruct</c>, or a folder of the hub's local
/// cache.</remarks>
public sealed class Qwen3VlOptions : ModelOptions
{
    /// <summary>The system message, which may be empty; null: none, as the chat template has it.</summary>
    public string? System { get; set; }

    /// <summary>
    /// The most pixels of a picture that are read, larger pictures being scaled down first; null: as the model's image processor says. Time
    /// and memory grow with them: every 32 x 32 pixels are one position of the sequence.
    /// </summary>
    [Range(32 * 32, int.MaxValue)]
    public int? MaxPixels { get; set; }

    /// <summary>How Qwen3-VL keeps the weights of its linear layers. Its hidden states then differ a little from those that an aligner was
    /// trained with.</summary>
    [EnumDataType(typeof(WeightStorage))]
    public WeightStorage Storage { get; set; }
}

using System.ComponentModel.DataAnnotations;
using ImgAlign.Checkpoints;

namespace ImgAlign.Scorers;

/// <summary>Where the files of HPSv3 are.</summary>
/// <remarks><c>HPSv3.safetensors</c> of <c>MizzenAI/HPSv3</c>: a file or a folder, or a name of the hub.</remarks>
public sealed class Hpsv3Options : ModelOptions
{
    /// <summary>
    /// The folder of <c>Qwen/Qwen2-VL-7B-Instruct</c> with its configuration, tokenizer and image processor, or its name on the hub; its
    /// weights are not needed.
    /// </summary>
    [Required]
    public string BasePath { get; set; } = "";

    /// <summary>How the weights of linear layers are kept. Scores then differ a little.</summary>
    [EnumDataType(typeof(WeightStorage))]
    public WeightStorage Storage { get; set; }
}

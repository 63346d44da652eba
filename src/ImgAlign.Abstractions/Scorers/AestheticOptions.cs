using System.ComponentModel.DataAnnotations;

namespace ImgAlign.Scorers;

/// <summary>Where the files of LAION's aesthetic predictor are, and how it reads pictures.</summary>
/// <remarks>The predictor, such as <c>sac+logos+ava1-l14-linearMSE.pth</c>: a file, or a name of the hub.</remarks>
public sealed class AestheticOptions : ModelOptions
{
    /// <summary>
    /// The CLIP that it reads pictures by, <c>openai/clip-vit-large-patch14</c> in transformers' layout: a folder, or a name of the hub.
    /// </summary>
    [Required]
    public string ClipPath { get; set; } = "";

    /// <summary>How pictures become what that CLIP reads.</summary>
    [EnumDataType(typeof(AestheticPreprocessing))]
    public AestheticPreprocessing Preprocessing { get; set; }
}

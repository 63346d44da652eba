using System.ComponentModel.DataAnnotations;

namespace ImgAlign.Scorers;

/// <summary>Where the files of HPSv2 are, and how it reads pictures.</summary>
/// <remarks>
/// The model in OpenCLIP's names, such as <c>HPS_v2.1_compressed.pt</c> of <c>xswu/HPSv2</c>: a file or a folder, or a name of the hub.
/// A file <c>open_clip_config.json</c> beside it has its sizes; without one it is a ViT-H-14, as the published ones are.
/// </remarks>
public sealed class HpsOptions : ModelOptions
{
    /// <summary>
    /// A folder with CLIP's vocabulary (<c>vocab.json</c> and <c>merges.txt</c>), such as any CLIP model's, or a name of the hub. Null: the
    /// model's.
    /// </summary>
    public string? TokenizerPath { get; set; }

    /// <summary>How pictures become what the network reads. Scores differ in the second digit.</summary>
    [EnumDataType(typeof(HpsPreprocessing))]
    public HpsPreprocessing Preprocessing { get; set; }
}

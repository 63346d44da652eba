using System.ComponentModel.DataAnnotations;

namespace ImgAlign.Scorers;

/// <summary>Where the files of ImageReward are.</summary>
/// <remarks>
/// <c>ImageReward.pt</c> of <c>THUDM/ImageReward</c> with <c>med_config.json</c> beside it: the file or its folder, or a name of the hub.
/// </remarks>
public sealed class ImageRewardOptions : ModelOptions
{
    /// <summary>
    /// A folder with BERT's vocabulary (<c>vocab.txt</c>), <c>google-bert/bert-base-uncased</c>, or a name of the hub. Null: the model's
    /// folder, or <c>bert-base-uncased</c> in it.
    /// </summary>
    public string? TokenizerPath { get; set; }

    /// <summary>
    /// The number of attention heads of the vision tower, which no file tells. Null: as many as are 64 wide, as in the published model.
    /// </summary>
    [Range(1, int.MaxValue)]
    public int? VisionHeads { get; set; }
}

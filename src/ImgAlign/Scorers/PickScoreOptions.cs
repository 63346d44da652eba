using System.ComponentModel.DataAnnotations;

namespace ImgAlign.Scorers;

/// <summary>Where the files of PickScore are.</summary>
public sealed class PickScoreOptions
{
    /// <inheritdoc cref="ClipScoreOptions.Device"/>
    public string? Device { get; set; }

    /// <summary>The model in transformers' layout, <c>yuvalkirstain/PickScore_v1</c>: a folder, or a name of the hub.</summary>
    [Required]
    public string ModelPath { get; set; } = "";

    /// <inheritdoc cref="HpsOptions.TokenizerPath"/>
    public string? TokenizerPath { get; set; }
}

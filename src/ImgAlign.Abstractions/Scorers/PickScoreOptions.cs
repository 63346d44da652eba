namespace ImgAlign.Scorers;

/// <summary>Where the files of PickScore are.</summary>
/// <remarks>The model in transformers' layout, <c>yuvalkirstain/PickScore_v1</c>: a folder, or a name of the hub.</remarks>
public sealed class PickScoreOptions : ModelOptions
{
    /// <inheritdoc cref="HpsOptions.TokenizerPath"/>
    public string? TokenizerPath { get; set; }
}

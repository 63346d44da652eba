namespace ImgAlign.Scorers;

/// <summary>Which multimodal language model judges.</summary>
public abstract class JudgeOptions
{
    /// <summary>
    /// In a container, the name under which the model was registered as a detector; it need not be a pipeline's own. Null: the detector of
    /// <c>ImgAlignOptions.Pipeline</c>. Its weights are in memory once, whatever it is used for.
    /// </summary>
    public string? Judge { get; set; }
}

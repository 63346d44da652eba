namespace ImgAlign;

/// <summary>What gives the next picture of a search. Each costs one generation.</summary>
public enum SearchAction
{
    /// <summary>A round of the method: the detector reads the picture, its features are aligned, and it is drawn again with the same
    /// noise.</summary>
    Align,

    /// <summary>The prompt is drawn from other noise.</summary>
    Resample,

    /// <summary>The picture's features are aligned, and it is drawn from other noise.</summary>
    AlignAndResample,

    /// <summary>The detector's answer corrects the prompt (<see cref="IPromptRewriter"/>), which is drawn from other noise.</summary>
    Rewrite,
}

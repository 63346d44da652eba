namespace ImgAlign.Scorers;

/// <summary>How HPSv2 reads pictures.</summary>
public enum HpsPreprocessing
{
    /// <summary>As its package does: the whole picture with black bars, resized in floating point.</summary>
    Hpsv2,

    /// <summary>The same as before torchvision 0.17, which did not average where a picture shrinks.</summary>
    Hpsv2WithoutAntialias,

    /// <summary>As OpenCLIP does: the middle square, resized in 8 bits.</summary>
    OpenClip,
}

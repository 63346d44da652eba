namespace ImgAlign.Imaging;

/// <summary>How an image is resampled. The numbers are Pillow's, as <c>preprocessor_config.json</c> gives them in
/// <c>resample</c>.</summary>
public enum ResampleFilter
{
    /// <summary>The pixel at the centre, without filtering.</summary>
    Nearest = 0,

    /// <summary>Sinc, windowed by its first three lobes.</summary>
    Lanczos = 1,

    /// <summary>A triangle.</summary>
    Bilinear = 2,

    /// <summary>Keys' cubic with a = -0.5.</summary>
    Bicubic = 3,

    /// <summary>The mean of the pixels that an output pixel covers.</summary>
    Box = 4,

    /// <summary>Sinc, windowed by Hamming's cosine.</summary>
    Hamming = 5,
}

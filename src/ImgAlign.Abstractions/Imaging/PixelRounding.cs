namespace ImgAlign.Imaging;

/// <summary>How a colour becomes a byte.</summary>
public enum PixelRounding
{
    /// <summary>The nearest one, as in diffusers.</summary>
    Nearest,

    /// <summary>The one below, as in IMG's released code for FLUX.</summary>
    Down,
}

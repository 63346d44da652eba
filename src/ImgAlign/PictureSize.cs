namespace ImgAlign;

/// <summary>Which size a picture is generated in again when none is asked for.</summary>
internal static class PictureSize
{
    // SDXL and FLUX were trained on sides of multiples of 64 pixels.
    private const int TrainedMultiple = 64;

    /// <summary>
    /// The picture's own size as nearly as the model can; for a picture of more pixels than the model's own, one of as many pixels as
    /// that.
    /// </summary>
    /// <param name="picture">The size of the picture.</param>
    /// <param name="model">The size that the model was made for.</param>
    /// <param name="multiple">The number of pixels that sides are multiples of.</param>
    public static ImageSize For(ImageSize picture, ImageSize model, int multiple)
    {
        var (pixels, most) = ((double)picture.Width * picture.Height, (double)model.Width * model.Height);
        var longest = Math.Max(picture.Width, picture.Height);
        if (pixels <= most && longest <= BackboneInfo.MaxSide)
            return Round(picture.Width, picture.Height, multiple);
        var factor = Math.Min(Math.Sqrt(most / pixels), (double)BackboneInfo.MaxSide / longest);
        return Round(
            factor * picture.Width,
            factor * picture.Height,
            model.Width % TrainedMultiple == 0 && TrainedMultiple % multiple == 0 ? TrainedMultiple : multiple
        );
    }

    private static ImageSize Round(double width, double height, int multiple) => new(Round(width, multiple), Round(height, multiple));

    private static int Round(double side, int multiple) => Math.Max(1, (int)Math.Round(side / multiple)) * multiple;
}

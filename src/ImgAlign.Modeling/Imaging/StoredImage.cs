namespace ImgAlign.Imaging;

/// <summary>
/// A picture as its file has it, before it is made RGB: with its alpha channel, and whether its pixels are numbers of a palette. Some
/// models' own programs resize pictures in that form, and the result differs.
/// </summary>
/// <param name="Colours">The picture as RGB, alpha dropped.</param>
/// <param name="Opacity">How opaque each pixel is, as three equal channels; null where the file has no transparency.</param>
/// <param name="IsIndexed">Whether pixels are numbers of a palette, or bits, between which nothing lies.</param>
public sealed record StoredImage(RgbImage Colours, RgbImage? Opacity, bool IsIndexed)
{
    /// <summary>A picture without transparency.</summary>
    public StoredImage(RgbImage image)
        : this(image, null, IsIndexed: false) { }

    /// <summary>
    /// Resizes and crops as Pillow does in the file's own mode, and makes the result RGB: palettes take the nearest pixel whatever filter
    /// is asked for, and colours are weighted by their alpha.
    /// </summary>
    /// <param name="processor">The sizes.</param>
    public RgbImage FitAsStored(ClipImageProcessor processor)
    {
        ArgumentNullException.ThrowIfNull(processor);
        if (IsIndexed)
            return (processor with { Resample = ResampleFilter.Nearest }).Fit(Colours);
        if (Opacity is null)
            return processor.Fit(Colours);
        var opacity = processor.Fit(Opacity);
        return Combine(processor.Fit(Combine(Colours, Opacity, Weighted)), opacity, Unweighted);
    }

    /// <summary>The picture laid over white.</summary>
    public RgbImage OverWhite() =>
        Opacity is null ? Colours : Combine(Colours, Opacity, static (colour, alpha) => Divide(colour * alpha + 255 * (255 - alpha)));

    private static int Weighted(int colour, int alpha) => Divide(colour * alpha);

    private static int Unweighted(int colour, int alpha) => alpha is 0 or 255 ? colour : Math.Min(255, 255 * colour / alpha);

    // Pillow's division by 255, rounded.
    private static int Divide(int product)
    {
        var rounded = product + 128;
        return ((rounded >> 8) + rounded) >> 8;
    }

    private static RgbImage Combine(RgbImage colours, RgbImage opacity, Func<int, int, int> combine)
    {
        var result = new byte[colours.Pixels.Length];
        for (var i = 0; i < result.Length; i++)
            result[i] = (byte)combine(colours.Pixels[i], opacity.Pixels[i]);
        return new RgbImage(colours.Width, colours.Height, result);
    }
}

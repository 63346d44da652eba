namespace ImgAlign.Imaging;

/// <summary>From 8-bit levels to what a network reads.</summary>
internal static class PixelLevels
{
    /// <summary><c>(level * factor - mean) / deviation</c> of every level, rounded to float32 where transformers rounds.</summary>
    public static float[] Scale(double factor, double mean, double deviation)
    {
        var values = new float[256];
        for (var level = 0; level < values.Length; level++)
            values[level] = ((float)(level * factor) - (float)mean) / (float)deviation;
        return values;
    }
}

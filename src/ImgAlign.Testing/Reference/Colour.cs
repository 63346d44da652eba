using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace ImgAlign.Testing.Reference;

/// <summary>The language of the colour world: what colour a text means, and what colour a picture has.</summary>
internal static class Colour
{
    private static readonly Dictionary<string, float[]> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["red"] = [1, 0, 0],
        ["green"] = [0, 1, 0],
        ["blue"] = [0, 0, 1],
        ["yellow"] = [1, 1, 0],
        ["cyan"] = [0, 1, 1],
        ["magenta"] = [1, 0, 1],
        ["white"] = [1, 1, 1],
        ["black"] = [0, 0, 0],
    };

    /// <summary>The mean of the colours that a text names, or one of its own if it names none: red, green, blue in 0 to 1.</summary>
    public static float[] Of(string text)
    {
        var named = text.Split([' ', ',', '.', '?', ':', '\n'], StringSplitOptions.RemoveEmptyEntries)
            .Where(Names.ContainsKey)
            .Select(word => Names[word])
            .ToList();
        if (named.Count > 0)
            return [.. Enumerable.Range(0, 3).Select(channel => named.Average(colour => colour[channel]))];
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        return [.. Enumerable.Range(0, 3).Select(channel => BinaryPrimitives.ReadUInt16LittleEndian(hash.AsSpan(2 * channel)) / 65535f)];
    }

    /// <summary>The mean colours of the four quarters of a picture, from the top left: 4 x 3 values in 0 to 1.</summary>
    public static float[] Quarters(RgbImage image)
    {
        var sums = new double[12];
        var counts = new int[4];
        for (var y = 0; y < image.Height; y++)
        {
            for (var x = 0; x < image.Width; x++)
            {
                var quarter = 2 * (2 * y / image.Height) + 2 * x / image.Width;
                counts[quarter]++;
                for (var channel = 0; channel < 3; channel++)
                    sums[3 * quarter + channel] += image.Pixels[3 * (y * image.Width + x) + channel];
            }
        }
        return [.. sums.Select((sum, i) => (float)(sum / (255.0 * Math.Max(1, counts[i / 3]))))];
    }

    /// <summary>The mean colour of a picture.</summary>
    public static float[] Mean(RgbImage image)
    {
        var quarters = Quarters(image);
        return
        [
            .. Enumerable
                .Range(0, 3)
                .Select(channel => (quarters[channel] + quarters[3 + channel] + quarters[6 + channel] + quarters[9 + channel]) / 4),
        ];
    }
}

using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Imaging;

/// <summary>The fields that every <c>preprocessor_config.json</c> has.</summary>
internal abstract record PreprocessorConfig
{
    private static readonly ClipImageProcessor Defaults = new();

    public JsonElement? Size { get; init; }
    public ResampleFilter Resample { get; init; } = Defaults.Resample;
    public bool DoResize { get; init; } = true;
    public bool DoRescale { get; init; } = true;
    public bool DoNormalize { get; init; } = true;
    public double RescaleFactor { get; init; } = Defaults.RescaleFactor;
    public IReadOnlyList<double> ImageMean { get; init; } = Defaults.Mean;
    public IReadOnlyList<double> ImageStd { get; init; } = Defaults.StandardDeviation;

    private string path = "";

    /// <summary>Reads the file.</summary>
    /// <typeparam name="T">The kind of processor.</typeparam>
    public static T Read<T>(string path) where T : PreprocessorConfig
    {
        var config = ConfigFile.Read<T>(path);
        config.path = path;
        if (!Enum.IsDefined(config.Resample)) throw config.Unexpected("resample", "a number from 0 to 5");
        if (config.ImageMean is not { Count: 3 }) throw config.Unexpected("image_mean", "three numbers");
        if (config.ImageStd is not { Count: 3 } || config.ImageStd.Contains(0)) throw config.Unexpected("image_std", "three numbers other than 0");
        return config;
    }

    /// <summary>A field of an object that is a number.</summary>
    protected static long? Number(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? Number(value) : null;

    /// <summary>A whole number above 0.</summary>
    protected static long? Number(JsonElement element) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out var value) && value > 0 ? value : null;

    /// <summary>That a field has a value which no processor of this kind has.</summary>
    protected ImgAlignException Unexpected(string field, string expected) =>
        new($"{path}: {field} is not what an image processor of this kind has, {expected}; is this the model's own file?");
}

using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Imaging;

/// <summary>The fields that every image processor has, in a file of its own or, as transformers 5 writes it, in one for all
/// processors.</summary>
public abstract record PreprocessorConfig
{
    private static readonly ClipImageProcessor Defaults = new();

    public JsonElement? Size { get; init; }
    public ResampleFilter Resample { get; init; } = Defaults.Resample;
    public bool? DoResize { get; init; } = true; // null in a file: it is not done
    public bool? DoRescale { get; init; } = true;
    public bool? DoNormalize { get; init; } = true;
    public double RescaleFactor { get; init; } = Defaults.RescaleFactor;
    public IReadOnlyList<double> ImageMean { get; init; } = Defaults.Mean;
    public IReadOnlyList<double> ImageStd { get; init; } = Defaults.StandardDeviation;

    private string path = "";

    /// <summary>Whether a folder says how images are processed.</summary>
    public static bool IsIn(string folder) => File.Exists(OwnFile(folder)) || Nested(folder) is not null;

    /// <summary>Reads a folder's image processor; like transformers, first where all processors are, then in the file of its own.</summary>
    /// <typeparam name="T">The kind of processor.</typeparam>
    /// <exception cref="ImgAlignException">There is none, or a field is broken.</exception>
    public static T Read<T>(string folder)
        where T : PreprocessorConfig
    {
        var nested = Nested(folder);
        var path = nested is null ? OwnFile(folder) : SharedFile(folder);
        var config = ConfigFile.Parse<T>(nested ?? ConfigFile.ReadJson(path), path);
        config.path = path;
        if (!Enum.IsDefined(config.Resample))
            throw config.Unexpected("resample", "a number from 0 to 5");
        if (config.ImageMean is not { Count: 3 })
            throw config.Unexpected("image_mean", "three numbers");
        if (config.ImageStd is not { Count: 3 } || config.ImageStd.Contains(0))
            throw config.Unexpected("image_std", "three numbers other than 0");
        return config;
    }

    private static string OwnFile(string folder) => Path.Combine(folder, "preprocessor_config.json");

    private static string SharedFile(string folder) => Path.Combine(folder, "processor_config.json");

    private static JsonElement? Nested(string folder) =>
        File.Exists(SharedFile(folder))
        && ConfigFile.ReadJson(SharedFile(folder)) is { ValueKind: JsonValueKind.Object } all
        && all.TryGetProperty("image_processor", out var own)
        && own.ValueKind == JsonValueKind.Object
            ? own
            : null;

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

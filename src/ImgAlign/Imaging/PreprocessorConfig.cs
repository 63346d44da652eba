using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Imaging;

/// <summary>The fields of <c>preprocessor_config.json</c>; sizes are numbers in older files and objects in newer ones.</summary>
internal sealed record PreprocessorConfig
{
    private static readonly ClipImageProcessor Defaults = new();

    public JsonElement? Size { get; init; }
    public JsonElement? CropSize { get; init; }
    public ResampleFilter Resample { get; init; } = Defaults.Resample;
    public bool DoResize { get; init; } = true;
    public bool DoCenterCrop { get; init; } = true;
    public bool DoRescale { get; init; } = true;
    public bool DoNormalize { get; init; } = true;
    public double RescaleFactor { get; init; } = Defaults.RescaleFactor;
    public IReadOnlyList<double> ImageMean { get; init; } = Defaults.Mean;
    public IReadOnlyList<double> ImageStd { get; init; } = Defaults.StandardDeviation;

    private string path = "";

    /// <summary>Reads the file.</summary>
    public static PreprocessorConfig Read(string path)
    {
        var config = ConfigFile.Read<PreprocessorConfig>(path);
        config.path = path;
        if (!Enum.IsDefined(config.Resample)) throw config.Unexpected("resample", "a number from 0 to 5");
        if (config.ImageMean is not { Count: 3 }) throw config.Unexpected("image_mean", "three numbers");
        if (config.ImageStd is not { Count: 3 } || config.ImageStd.Contains(0)) throw config.Unexpected("image_std", "three numbers other than 0");
        return config;
    }

    /// <summary>The processor that it describes.</summary>
    public ClipImageProcessor ToProcessor()
    {
        var edge = Size is null ? Defaults.ShortestEdge : Edge(Size.Value);
        return new ClipImageProcessor
        {
            ShortestEdge = edge,
            FixedSize = edge is null ? Rectangle("size", Size!.Value) : null,
            CropSize = CropSize is null ? Defaults.CropSize : Rectangle("crop_size", CropSize.Value),
            Resample = Resample,
            DoResize = DoResize,
            DoCenterCrop = DoCenterCrop,
            DoRescale = DoRescale,
            DoNormalize = DoNormalize,
            RescaleFactor = RescaleFactor,
            Mean = ImageMean,
            StandardDeviation = ImageStd,
        };
    }

    private static int? Edge(JsonElement size) => Positive(size) ?? Positive(size, "shortest_edge");

    private ImageSize Rectangle(string field, JsonElement size)
    {
        var width = Positive(size) ?? Positive(size, "width");
        var height = Positive(size) ?? Positive(size, "height");
        return width is { } w && height is { } h ? new(w, h) : throw Unexpected(field, """a number of pixels, {"height", "width"} or (for size) {"shortest_edge"}""");
    }

    private static int? Positive(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? Positive(value) : null;

    private static int? Positive(JsonElement element) =>
        element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var value) && value is > 0 and <= 16384 ? value : null;

    private ImgAlignException Unexpected(string field, string expected) =>
        new($"{path}: {field} is not what a CLIP image processor has, {expected}; is this the vision tower's own file?");
}

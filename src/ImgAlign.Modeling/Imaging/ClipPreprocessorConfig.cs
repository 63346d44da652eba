using System.Text.Json;

namespace ImgAlign.Imaging;

/// <summary>The fields of a CLIP tower's <c>preprocessor_config.json</c>; sizes are numbers in older files and objects in newer
/// ones.</summary>
internal sealed record ClipPreprocessorConfig : PreprocessorConfig
{
    private static readonly ClipImageProcessor Defaults = new();

    public JsonElement? CropSize { get; init; }
    public bool? DoCenterCrop { get; init; } = true;

    /// <summary>The processor that it describes.</summary>
    /// <param name="order">Which pass of resizing comes first, which the file does not tell.</param>
    public ClipImageProcessor ToProcessor(ResizeOrder order)
    {
        var edge = Size is null ? Defaults.ShortestEdge : Edge(Size.Value);
        return new ClipImageProcessor
        {
            ShortestEdge = edge,
            FixedSize = edge is null ? Rectangle("size", Size!.Value) : null,
            CropSize = CropSize is null ? Defaults.CropSize : Rectangle("crop_size", CropSize.Value),
            Resample = Resample,
            DoResize = DoResize == true,
            DoCenterCrop = DoCenterCrop == true,
            DoRescale = DoRescale == true,
            DoNormalize = DoNormalize == true,
            RescaleFactor = RescaleFactor,
            Mean = ImageMean,
            StandardDeviation = ImageStd,
            Order = order,
        };
    }

    private static int? Edge(JsonElement size) => Positive(size) ?? Positive(size, "shortest_edge");

    private ImageSize Rectangle(string field, JsonElement size)
    {
        var width = Positive(size) ?? Positive(size, "width");
        var height = Positive(size) ?? Positive(size, "height");
        return width is { } w && height is { } h
            ? new(w, h)
            : throw Unexpected(field, """a number of pixels, {"height", "width"} or (for size) {"shortest_edge"}""");
    }

    private static int? Positive(JsonElement element, string name) => Side(Number(element, name));

    private static int? Positive(JsonElement element) => Side(Number(element));

    private static int? Side(long? value) => value <= 16384 ? (int)value : null;
}

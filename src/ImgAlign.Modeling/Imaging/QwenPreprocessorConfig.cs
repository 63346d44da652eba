namespace ImgAlign.Imaging;

/// <summary>The fields of a Qwen2.5-VL's <c>preprocessor_config.json</c>; newer files write the limits as edges of the size.</summary>
internal sealed record QwenPreprocessorConfig : PreprocessorConfig
{
    private static readonly QwenImageProcessor Defaults = new();

    public long? MinPixels { get; init; }
    public long? MaxPixels { get; init; }
    public int PatchSize { get; init; } = Defaults.PatchSize;
    public int MergeSize { get; init; } = Defaults.MergeSize;
    public int TemporalPatchSize { get; init; } = Defaults.TemporalPatchSize;

    /// <summary>The processor that it describes.</summary>
    /// <exception cref="ImgAlignException">A field has a value that no such processor has.</exception>
    public QwenImageProcessor ToProcessor()
    {
        if (DoResize != true)
            throw Unexpected("do_resize", "true");
        if (PatchSize is < 1 or > 1024)
            throw Unexpected("patch_size", "a number of pixels");
        if (MergeSize is < 1 or > 16)
            throw Unexpected("merge_size", "a small number of patches");
        if (TemporalPatchSize is < 1 or > 16)
            throw Unexpected("temporal_patch_size", "a small number of frames");
        var (min, max) = (
            MinPixels ?? Limit("shortest_edge") ?? Defaults.MinPixels,
            MaxPixels ?? Limit("longest_edge") ?? Defaults.MaxPixels
        );
        if (min < 1 || max < min)
            throw Unexpected("min_pixels or max_pixels", "a number of pixels, the first not above the second");
        return new QwenImageProcessor
        {
            MinPixels = min,
            MaxPixels = max,
            PatchSize = PatchSize,
            MergeSize = MergeSize,
            TemporalPatchSize = TemporalPatchSize,
            Resample = Resample,
            RescaleFactor = DoRescale == true ? RescaleFactor : 1,
            Mean = DoNormalize == true ? ImageMean : [0, 0, 0],
            StandardDeviation = DoNormalize == true ? ImageStd : [1, 1, 1],
        };
    }

    private long? Limit(string name) => Size is { } size && Number(size, name) is { } value ? value : null;
}

using System.Globalization;
using ImgAlign.Server.Jobs;

namespace ImgAlign.Server.OpenAi;

/// <summary>
/// A request of the OpenAI images API, with the fields of our own that vLLM-Omni has too. Fields that say nothing to these models are taken
/// and left aside, since clients send them unasked.
/// </summary>
internal sealed record GenerationBody
{
    private const int MaxImages = 10;
    private const int MaxPartialImages = 3;
    private const int DefaultQuality = 90;

    public string? Model { get; init; }

    public string? Prompt { get; init; }

    public int? N { get; init; }

    public string? Size { get; init; }

    public string? ResponseFormat { get; init; }

    public string? OutputFormat { get; init; }

    public int? OutputCompression { get; init; }

    public bool? Stream { get; init; }

    public int? PartialImages { get; init; }

    public string? Background { get; init; }

    public long? Seed { get; init; }

    public string? NegativePrompt { get; init; }

    public int? NumInferenceSteps { get; init; }

    public double? GuidanceScale { get; init; }

    /// <summary>The rounds of alignment; none for a generation, one for a given picture, unless it is said.</summary>
    public int? Rounds { get; init; }

    public string? Quality { get; init; }

    public string? Style { get; init; }

    public string? Moderation { get; init; }

    public string? InputFidelity { get; init; }

    public string? User { get; init; }

    /// <summary>Whether pictures are answered as addresses.</summary>
    public bool WantsUrl => ResponseFormat == "url";

    /// <summary>The media type of the pictures.</summary>
    public string MediaType => $"image/{OutputFormat ?? "png"}";

    /// <summary>How much JPEG and WebP keep.</summary>
    public int OutputQuality => OutputCompression ?? DefaultQuality;

    /// <summary>What the job makes.</summary>
    /// <param name="modelId">The model that is served.</param>
    /// <param name="hasPicture">Whether a picture is given.</param>
    /// <exception cref="ApiException">A value is out of its range, or the model is another one.</exception>
    public JobRequest ToJob(string modelId, bool hasPicture)
    {
        if (Model is { } model && model != modelId)
            throw new ApiException(404, "model_not_found", $"There is no model '{model}' here; '{modelId}' is.", "model");
        Require(!string.IsNullOrWhiteSpace(Prompt), "prompt", "prompt is missing; say what the picture should show");
        Require(N is null or >= 1 and <= MaxImages, "n", $"n is {N}; it must be 1 to {MaxImages}");
        Require(ResponseFormat is null or "b64_json" or "url", "response_format", "response_format must be b64_json or url");
        Require(OutputFormat is null or "png" or "jpeg" or "webp", "output_format", "output_format must be png, jpeg or webp");
        Require(OutputCompression is null or >= 0 and <= 100, "output_compression", "output_compression must be 0 to 100");
        Require(
            !WantsUrl || OutputFormat is null or "png",
            "output_format",
            "pictures behind a url are PNG; ask for b64_json for another format"
        );
        Require(PartialImages is null or >= 0 and <= MaxPartialImages, "partial_images", $"partial_images must be 0 to {MaxPartialImages}");
        Require(PartialImages is null or 0 || Stream == true, "partial_images", "partial_images needs stream");
        Require(Stream != true || N is null or 1, "n", "a stream has one picture; leave out n");
        Require(
            Background is null or "auto" or "opaque",
            "background",
            "background must be auto or opaque; these models draw no transparency"
        );
        Require(!hasPicture || Rounds is null or > 0, "rounds", "rounds is 0, but a picture is there to be aligned; use 1 or more");
        var (width, height) = ReadSize();
        return new JobRequest
        {
            Prompt = Prompt!,
            NegativePrompt = NegativePrompt,
            Count = N ?? 1,
            Width = width,
            Height = height,
            Seed = Seed,
            Steps = NumInferenceSteps,
            Guidance = GuidanceScale,
            Rounds = Rounds ?? (hasPicture ? 1 : 0),
            Previews = Stream == true ? 2 * (PartialImages ?? 0) : 0,
        };
    }

    private (int? Width, int? Height) ReadSize()
    {
        if (Size is null or "auto")
            return (null, null);
        if (
            Size.Split('x') is [var first, var second]
            && int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var width)
            && int.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out var height)
        )
            return (width, height);
        throw ApiException.Invalid($"size is '{Size}'; give auto, or width and height such as 1024x1024.", "size");
    }

    private static void Require(bool isMet, string param, string problem)
    {
        if (!isMet)
            throw ApiException.Invalid(problem + ".", param);
    }
}

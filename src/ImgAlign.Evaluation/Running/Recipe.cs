using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ImgAlign.Evaluation.Running;

/// <summary>All that a batch of pictures or scores follows from; its hash is the name that the batch is stored under.</summary>
/// <param name="Made">What is made: <c>sample</c>, <c>round</c>, <c>search</c> or <c>scores</c>.</param>
/// <param name="Models">What tells the models from others: their configuration and the hashes of their weights.</param>
/// <param name="BatchSize">How many were asked for together.</param>
/// <param name="Items">The pictures.</param>
internal sealed record Recipe(string Made, string Models, int BatchSize, IReadOnlyList<RecipeItem> Items)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
        WriteIndented = true,
    };

    /// <summary>How pictures are sampled; none for scores.</summary>
    public SamplingRecipe? Sampling { get; init; }

    /// <summary>The search's policy, budget and acceptance; none for others.</summary>
    public string? Search { get; init; }

    /// <summary>The recipe's hash.</summary>
    [JsonIgnore]
    public string Key => ContentStore.Hash(JsonSerializer.Serialize(this, Options));

    /// <summary>A value as JSON in the form of records.</summary>
    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <summary>What <see cref="Write"/> wrote.</summary>
    /// <exception cref="ImgAlignException">The file is damaged.</exception>
    public static T Read<T>(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(file), Options) ?? throw new JsonException();
        }
        catch (JsonException exception)
        {
            throw new ImgAlignException($"{file}: this is no record of an evaluation; delete its folder, and run again.", exception);
        }
    }
}

/// <summary>One picture of a recipe.</summary>
/// <param name="Prompt">What it should show.</param>
/// <param name="Seed">The seed of its noise; null for scores.</param>
/// <param name="NegativePrompt">What it must not show.</param>
/// <param name="Size">Its size; null: the model's own.</param>
/// <param name="Image">SHA-256 of the pixels of the picture that is read; null for samples.</param>
/// <param name="Question">What the detector is asked about it.</param>
internal sealed record RecipeItem(
    string Prompt,
    long? Seed = null,
    string? NegativePrompt = null,
    ImageSize? Size = null,
    string? Image = null,
    string? Question = null
)
{
    /// <summary>The questions about the picture that a judge is given; null: none.</summary>
    public IReadOnlyList<PictureQuestion>? PictureQuestions { get; init; }
}

/// <summary>What of a request's settings a picture depends on; what is null is the models' own.</summary>
internal sealed record SamplingRecipe
{
    private SamplingRecipe(SamplingRequest request)
    {
        (Steps, Guidance, GuidanceRescale) = (request.Steps, request.Guidance, request.GuidanceRescale);
        (GuidanceInterval, GuidanceBranches) = (request.GuidanceInterval, request.GuidanceBranches);
        (Sampler, Eta, NoiseLevels, Family) = (request.Sampler?.Name, request.Eta, request.NoiseLevels, request.Family);
        SamplerOptions = request.Sampler is { Options.Count: > 0 } sampler
            ? new SortedDictionary<string, string>(sampler.Options.ToDictionary())
            : null;
        Preset = request.Preset;
    }

    public string? Preset { get; }

    public int? Steps { get; }

    public double? Guidance { get; }

    public double GuidanceRescale { get; }

    public GuidanceInterval? GuidanceInterval { get; }

    public GuidanceBranches GuidanceBranches { get; }

    public string? Sampler { get; }

    /// <summary>What the sampler's name does not tell, by the options' names.</summary>
    public SortedDictionary<string, string>? SamplerOptions { get; }

    public double? Eta { get; }

    public NoiseLevelOptions? NoiseLevels { get; }

    // Written with the members of what it is.
    public object? Family { get; }

    public double? ImagePromptScale { get; private init; }

    public double? Strength { get; private init; }

    public int? AlignerPasses { get; private init; }

    /// <summary>Of a sample of the base model, which has no image prompt.</summary>
    public static SamplingRecipe OfSample(AlignmentRequest request) => new(request);

    /// <summary>Of a round.</summary>
    public static SamplingRecipe OfRound(AlignmentRequest request) =>
        new(request)
        {
            ImagePromptScale = request.ImagePromptScale,
            Strength = request.Strength,
            AlignerPasses = request.AlignerPasses,
        };
}

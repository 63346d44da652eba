using System.ComponentModel;
using System.Text.Json.Serialization;

namespace ImgAlign.Server.Jobs;

/// <summary>What a job makes.</summary>
internal sealed record JobRequest
{
    public const int MaxPromptLength = 4000;
    public const int MaxCount = 10;
    public const int MaxRounds = 10;
    public const int MaxBudget = 100;

    // All of them are kept in memory until the job is done, by the worker and by its server. Rounds cannot make many more.
    public const int MaxPictures = 100;

    public const int MaxPreviews = 50;

    [Description("What the picture should show.")]
    public string Prompt { get; init; } = "";

    [Description("What the picture must not show.")]
    public string? NegativePrompt { get; init; }

    [Description("The seed of the first picture, 0 or more; a random one where none is given.")]
    public long? Seed { get; init; }

    [Description("The number of pictures, 1 to 10, whose seeds count up.")]
    public int Count { get; init; } = 1;

    [Description("Width in pixels; give both or none.")]
    public int? Width { get; init; }

    [Description("Height in pixels; give both or none.")]
    public int? Height { get; init; }

    [Description("The number of sampler steps.")]
    public int? Steps { get; init; }

    [Description("The guidance scale.")]
    public double? Guidance { get; init; }

    [Description("The scale of the image prompt.")]
    public double? ImagePromptScale { get; init; }

    [Description("The rounds of alignment, 0 to 10; 0 only generates. One, unless it or budget is given.")]
    public int? Rounds { get; init; }

    [Description(
        "In the place of rounds: the most pictures that are drawn for each that is asked for, the first one too, 1 to 100; "
            + "count times budget is 100 at most."
    )]
    public int? Budget { get; init; }

    [Description("What budget or rounds are spent on: rounds, best-of-n or greedy; rounds, unless it is given.")]
    public string? Policy { get; init; }

    [Description("The question to the detector, with {prompt} in the prompt's place.")]
    public string? Question { get; init; }

    [Description("Jobs of a higher priority run first.")]
    public JobPriority Priority { get; init; } = JobPriority.Normal;

    [Description("How many previews of a picture are wanted about, 0 to 50.")]
    public int Previews { get; init; }

    [Description("A picture to align, in base64 or as a data URL; in answers its address.")]
    public string? Image { get; init; }

    /// <summary>Refuses what no model can make.</summary>
    /// <exception cref="ApiException">A value is out of its range.</exception>
    public void Check()
    {
        Require(!string.IsNullOrWhiteSpace(Prompt), "prompt", "prompt is empty; say what the picture should show");
        Require(Prompt.Length <= MaxPromptLength, "prompt", $"prompt has {Prompt.Length} characters; use {MaxPromptLength} at most");
        Require(NegativePrompt is not { Length: > MaxPromptLength }, "negativePrompt", "negativePrompt is too long");
        Require(Question is not { Length: > MaxPromptLength }, "question", "question is too long");
        Require(Seed is null or >= 0, "seed", $"seed is {Seed}; use 0 or more");
        Require(Count is >= 1 and <= MaxCount, "count", $"count is {Count}; use 1 to {MaxCount}");
        Require(Rounds is null or >= 0 and <= MaxRounds, "rounds", $"rounds is {Rounds}; use 0 to {MaxRounds}");
        Require(Budget is null or >= 1 and <= MaxBudget, "budget", $"budget is {Budget}; use 1 to {MaxBudget}");
        Require(
            Budget is null || Count * Budget <= MaxPictures,
            "budget",
            $"count {Count} times budget {Budget} are {Count * Budget} pictures; a job draws {MaxPictures} at most, so lower one of the two"
        );
        Require(Budget is null || Rounds is null, "budget", "budget is given beside rounds; give one of the two");
        var policies = SearchPolicies.All.Select(static policy => policy.Name).ToList();
        Require(Policy is null || policies.Contains(Policy), "policy", $"policy is '{Policy}'; use {string.Join(", ", policies)}");
        Require(Policy is null || Rounds != 0, "policy", "policy is given, but rounds is 0, which only generates; leave one of them out");
        Require(Previews is >= 0 and <= MaxPreviews, "previews", $"previews is {Previews}; use 0 to {MaxPreviews}");
        Require((Width is null) == (Height is null), "width", "width and height belong together; give both or none");
        Require(Image is null || Rounds != 0, "rounds", "rounds is 0, but a picture is there to be aligned; use 1 or more");
    }

    private static void Require(bool isMet, string param, string problem)
    {
        if (!isMet)
            throw ApiException.Invalid(problem + ".", param);
    }
}

/// <summary>Which jobs run first.</summary>
[JsonConverter(typeof(EnumNames<JobPriority>))]
internal enum JobPriority
{
    High,
    Normal,
    Low,
}

namespace ImgAlign.Evaluation;

/// <summary>
/// One way to make a picture of each prompt: samples of the base model, of which the gate's scorers take the best, and rounds of reading
/// and generating again that begin at it. What is null is as the evaluation's settings say.
/// </summary>
/// <param name="name">Its name in reports.</param>
public sealed class EvaluationArm(string name)
{
    /// <summary>Its name in reports.</summary>
    public string Name { get; } = name;

    /// <summary>The first sample, counted from 0: each has a noise of its own.</summary>
    public int FirstSample { get; init; }

    /// <summary>How many samples the gate's scorers choose from, 1 or more.</summary>
    public int BestOf { get; init; } = 1;

    /// <summary>The rounds of alignment, 0 or more.</summary>
    public int Rounds { get; init; }

    /// <summary>Whether a round's picture is kept only where the gate accepts it; otherwise every one is.</summary>
    public bool Gated { get; init; }

    /// <summary>The name of the scorer that decides in this arm: what scores higher is kept; null: the evaluation's gate.</summary>
    public string? DecidedBy { get; init; }

    /// <summary>The search that is made in the place of rounds, one of <see cref="SearchPolicies"/>.</summary>
    public string? Policy { get; init; }

    /// <summary>The most generations of the search, the first sample counted.</summary>
    public int? Budget { get; init; }

    /// <summary>How often the aligner is applied in a round.</summary>
    public int? Passes { get; init; }

    /// <summary>The image prompt's scale in a round.</summary>
    public double? Scale { get; init; }

    /// <summary>How much of the steps a round runs, from the picture that it reads.</summary>
    public double? Strength { get; init; }

    /// <summary>Sampler steps.</summary>
    public int? Steps { get; init; }

    /// <summary>The guidance scale.</summary>
    public double? Guidance { get; init; }

    /// <summary>The sampler's name, one of <see cref="Samplers"/>.</summary>
    public string? Sampler { get; init; }

    /// <summary>The question to the detector, in which <c>{prompt}</c> stands for the prompt; null: the prompt's own, or one that the seed
    /// draws for each round.</summary>
    public string? Question { get; init; }

    /// <summary>
    /// What is other in the models' configuration, such as <c>Sdxl:Loras:0:Path</c>, by its key; the arm then runs on models of its own.
    /// </summary>
    public IReadOnlyDictionary<string, string> Models { get; init; } = new Dictionary<string, string>();

    /// <summary>How often the base model runs for a picture: arms of as many cost alike.</summary>
    public int Generations => Budget ?? BestOf + Rounds;

    /// <summary>Whether a detector and an aligner are needed.</summary>
    public bool NeedsDetector => Rounds > 0 || (Policy is not null && SearchPolicies.ByName(Policy).NeedsDetector);

    /// <summary>Whether the evaluation's gate is needed.</summary>
    internal bool NeedsGate => Policy is not null || ((BestOf > 1 || Gated) && DecidedBy is null);

    /// <summary>Whether another arm makes the same search, but for the budget: budgets nest.</summary>
    internal bool SearchesAs(EvaluationArm other) =>
        Policy is not null
        && (Policy, FirstSample, Question, Passes, Scale) == (other.Policy, other.FirstSample, other.Question, other.Passes, other.Scale)
        && (Strength, Steps, Guidance, Sampler) == (other.Strength, other.Steps, other.Guidance, other.Sampler);

    /// <summary>A request with what the arm says on top of the evaluation's settings.</summary>
    internal AlignmentRequest Apply(AlignmentRequest settings) =>
        settings with
        {
            Steps = Steps ?? settings.Steps,
            Guidance = Guidance ?? settings.Guidance,
            ImagePromptScale = Scale ?? settings.ImagePromptScale,
            Strength = Strength ?? settings.Strength,
            AlignerPasses = Passes ?? settings.AlignerPasses,
            Sampler = Sampler is null ? settings.Sampler : Samplers.ByName(Sampler),
        };

    /// <summary>Makes sure that the values make sense.</summary>
    /// <exception cref="ImgAlignException">One does not.</exception>
    internal void Check()
    {
        if (string.IsNullOrWhiteSpace(Name))
            throw new ImgAlignException("An arm has no name; give each one a \"name\".");
        Require(FirstSample >= 0, "firstSample is less than 0");
        Require(BestOf >= 1, "bestOf is less than 1");
        Require(Rounds >= 0, "rounds is less than 0");
        Require(Rounds > 0 || !Gated, "gated decides about rounds, of which it has none");
        Require(DecidedBy is null || BestOf > 1 || Gated, "decidedBy names what decides, but it neither chooses samples nor gates rounds");
        Require((Policy is null) == (Budget is null), "policy and budget go together");
        Require(Budget is null or >= 1, "budget is less than 1, which the first sample costs");
        Require(Policy is null || (BestOf, Rounds) == (1, 0), "a policy takes the place of bestOf and rounds");
        Require(
            Policy is null || SearchPolicies.All.Any(known => known.Name == Policy),
            $"there is no policy '{Policy}', but {string.Join(", ", SearchPolicies.All.Select(static known => known.Name))}"
        );
        Require(
            Sampler is null || Samplers.All.Any(known => known.Name == Sampler),
            $"there is no sampler '{Sampler}', but {string.Join(", ", Samplers.All.Select(static known => known.Name))}"
        );
        Require(
            Rounds > 0 || Policy is not null || (Passes, Scale, Strength, Question) == (null, null, null, null),
            "passes, scale, strength and question are of rounds and searches, of which it has none"
        );

        void Require(bool holds, string problem)
        {
            if (!holds)
                throw new ImgAlignException($"The arm '{Name}' cannot run: {problem}; change it or leave it out.");
        }
    }
}

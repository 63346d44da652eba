using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Evaluation;

/// <summary>What an evaluation gave.</summary>
/// <param name="Options">How it was measured.</param>
/// <param name="Prompts">What was asked for.</param>
/// <param name="Scenes">What that describes.</param>
/// <param name="Method">The ways that have to do with the method itself, the base model first.</param>
/// <param name="Ablations">The method with a part exchanged or left out.</param>
/// <param name="Passes">The method with other numbers of the aligner's passes.</param>
/// <param name="Critiques">What the detector answers about the base model's pictures, for the first prompts.</param>
public sealed record EvaluationResult(
    EvaluationOptions Options, IReadOnlyList<string> Prompts, IReadOnlyList<Scene> Scenes, IReadOnlyList<EvaluationArm> Method, IReadOnlyList<EvaluationArm> Ablations,
    IReadOnlyList<EvaluationArm> Passes, IReadOnlyList<string> Critiques)
{
    /// <summary>The names of ways that others are compared with.</summary>
    public const string Base = "base", SecondSample = "second sample", BestOfTwo = "best of 2 by the scorer", BestOfThree = "best of 3 by the scorer",
        Round = "IMG", GatedRound = "IMG, gated by the scorer", TwoRounds = "IMG, two rounds", TwoGatedRounds = "IMG, two rounds, each gated";

    /// <summary>The two comparisons that the claim is about, which were named before anything was measured.</summary>
    public IReadOnlyList<PairedComparison> Claim => [Compare(Round, Base), Compare(GatedRound, BestOfTwo)];

    /// <summary>Further comparisons, whose p-values are not corrected for their number.</summary>
    public IReadOnlyList<PairedComparison> Comparisons =>
    [
        Compare(SecondSample, Base), Compare(BestOfTwo, Base), Compare(GatedRound, Base), Compare(Round, BestOfTwo),
        Compare(TwoRounds, Base), Compare(TwoRounds, Round), Compare(TwoGatedRounds, BestOfThree),
        .. Ablations.Concat(Passes).Select(arm => PairedComparison.Of(Round, Arm(Round).Right, arm.Name, arm.Right)),
    ];

    /// <summary>One of the method's ways.</summary>
    /// <param name="name">Its name.</param>
    public EvaluationArm Arm(string name) => Method.Single(arm => arm.Name == name);

    private PairedComparison Compare(string name, string baseline) => PairedComparison.Of(name, Arm(name).Right, baseline, Arm(baseline).Right);
}

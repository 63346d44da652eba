using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Evaluation;

/// <summary>What an evaluation gave: pictures, judgements and comparisons, which <see cref="WriteReport"/> puts on a page.</summary>
public sealed class EvaluationResult
{
    internal EvaluationResult(
        EvaluationOptions options,
        IReadOnlyList<string> prompts,
        IReadOnlyList<Scene> scenes,
        IReadOnlyList<EvaluationArm> method,
        IReadOnlyList<EvaluationArm> ablations,
        IReadOnlyList<EvaluationArm> passes,
        IReadOnlyList<string> critiques
    )
    {
        (Options, Prompts, Scenes, Method) = (options, prompts, scenes, method);
        (Ablations, Passes, Critiques) = (ablations, passes, critiques);
    }

    /// <summary>How it was measured.</summary>
    internal EvaluationOptions Options { get; }

    /// <summary>What was asked for.</summary>
    internal IReadOnlyList<string> Prompts { get; }

    /// <summary>What that describes.</summary>
    internal IReadOnlyList<Scene> Scenes { get; }

    /// <summary>The ways that have to do with the method itself, the base model first.</summary>
    internal IReadOnlyList<EvaluationArm> Method { get; }

    /// <summary>The method with a part exchanged or left out.</summary>
    internal IReadOnlyList<EvaluationArm> Ablations { get; }

    /// <summary>The method with other numbers of the aligner's passes.</summary>
    internal IReadOnlyList<EvaluationArm> Passes { get; }

    /// <summary>What the detector answers about the base model's pictures, for the first prompts.</summary>
    internal IReadOnlyList<string> Critiques { get; }

    /// <summary>The names of ways that others are compared with.</summary>
    internal const string Base = "base",
        SecondSample = "second sample",
        BestOfTwo = "best of 2 by the scorer",
        BestOfThree = "best of 3 by the scorer",
        Round = "IMG",
        GatedRound = "IMG, gated by the scorer",
        TwoRounds = "IMG, two rounds",
        TwoGatedRounds = "IMG, two rounds, each gated";

    /// <summary>The two comparisons that the claim is about, which were named before anything was measured.</summary>
    public IReadOnlyList<PairedComparison> Claim => [Compare(Round, Base), Compare(GatedRound, BestOfTwo)];

    /// <summary>Further comparisons, whose p-values are not corrected for their number.</summary>
    internal IReadOnlyList<PairedComparison> Comparisons =>
        [
            Compare(SecondSample, Base),
            Compare(BestOfTwo, Base),
            Compare(GatedRound, Base),
            Compare(Round, BestOfTwo),
            Compare(TwoRounds, Base),
            Compare(TwoRounds, Round),
            Compare(TwoGatedRounds, BestOfThree),
            .. Ablations.Concat(Passes).Select(arm => PairedComparison.Of(Round, Arm(Round).Right, arm.Name, arm.Right)),
        ];

    /// <summary>One of the method's ways.</summary>
    /// <param name="name">Its name.</param>
    internal EvaluationArm Arm(string name) => Method.Single(arm => arm.Name == name);

    /// <summary>Writes all of it as one page of HTML, with pictures.</summary>
    /// <param name="path">The file.</param>
    public void WriteReport(string path) => EvaluationReport.Write(path, this);

    private PairedComparison Compare(string name, string baseline) =>
        PairedComparison.Of(name, Arm(name).Right, baseline, Arm(baseline).Right);
}

using ImgAlign.Detectors;
using ImgAlign.Telemetry;

namespace ImgAlign;

public sealed partial class AlignmentPipeline
{
    // IMG, section 3: what happens in a run, in its order. Prompt features, noise and the features of "no image" are computed once.
    private AlignmentResult Align(AlignmentRequest request, List<string> questions, RunRecorder run)
    {
        CheckPrompts(backbone, [request.Prompt], request);
        foreach (var question in questions) detector.CheckQuestion(question);

        using var text = EncodeText(backbone, [request.Prompt], request, run);
        using var noise = backbone.CreateNoise(request.Size!.Value, request.Seed);
        var generator = new ImageGenerator(backbone, request, text, noise, run);

        var baseImage = request.Image ?? generator.Generate()[0];
        var baseScores = Score(baseImage, request.Prompt, run);
        run.Report(new AlignmentUpdate(AlignmentStage.Decode, 0) { Step = 1, BaseImage = baseImage });

        using var noImage = IsGuided(request) ? run.Stage(AlignmentStage.EncodeImage, backbone.Info.Name, backbone.ImagePrompt.EncodeUnconditional) : null;
        var rounds = new List<AlignmentRound>();
        var (image, scores) = (baseImage, baseScores);
        while (rounds.Count < request.Rounds && !IsSufficient(scores, request))
        {
            run.Round = rounds.Count + 1;
            var question = questions[rounds.Count];
            using var z0 = run.Stage(AlignmentStage.EncodeImage, backbone.Info.Name, () => backbone.ImagePrompt.Encode([image]));
            using var detection = Detect(AlignmentStage.Detect, image, question, request.DescribeCritique ? request.CritiqueTokens : 0, run);
            using var z = run.Stage(AlignmentStage.Align, "aligner", () => aligner.Align(detection.HiddenStates, z0, request.AlignerPasses));
            var aligned = generator.Generate(z, noImage, request.ImagePromptScale!.Value)[0];

            var alignedScores = Score(aligned, request.Prompt, run);
            var improved = Improves(alignedScores, scores);
            var accepted = improved || !request.KeepOnlyImprovements;
            if (accepted) (image, scores) = (aligned, alignedScores);
            rounds.Add(new AlignmentRound(run.Round, question, detection.Critique, aligned, alignedScores, accepted));
            run.EndRound(rounds[^1]);
            if (!improved && request.StopWithoutImprovement) break;
        }
        return new AlignmentResult(image, baseImage, baseScores, rounds, request, run.Finish());
    }

    /// <summary>Generates pictures; static, as it needs no more than a backbone.</summary>
    internal static GenerationResult Generate(IDiffusionBackbone backbone, GenerationRequest request, RunRecorder run)
    {
        CheckPrompts(backbone, request.Prompts, request);
        using var text = EncodeText(backbone, request.Prompts, request, run);
        using var noise = backbone.CreateNoise(request.Size!.Value, request.Seed, request.Prompts.Count);
        var images = new ImageGenerator(backbone, request, text, noise, run).Generate();
        return new GenerationResult(images, request, run.Finish());
    }

    private string Describe(RgbImage image, string question, int maxNewTokens, RunRecorder run)
    {
        using var detection = Detect(AlignmentStage.Describe, image, question, maxNewTokens, run);
        return detection.Critique ?? throw new ImgAlignException($"{detector.Name} does not answer in words; use another detector for that.");
    }

    private Detection Detect(AlignmentStage stage, RgbImage image, string question, int critiqueTokens, RunRecorder run) =>
        run.Stage(stage, detector.Name, () => detector.Detect(image, question, critiqueTokens, run.CancellationToken));

    private static void CheckPrompts(IDiffusionBackbone backbone, IReadOnlyList<string> prompts, SamplingRequest request)
    {
        foreach (var prompt in prompts.Append(request.NegativePrompt).OfType<string>()) backbone.CheckPrompt(prompt);
    }

    // With guidance the unconditional half comes first.
    private static TextFeatures EncodeText(IDiffusionBackbone backbone, IReadOnlyList<string> prompts, SamplingRequest request, RunRecorder run)
    {
        IEnumerable<string?> unconditional = IsGuided(request) ? prompts.Select(_ => request.NegativePrompt) : [];
        return run.Stage(AlignmentStage.EncodePrompt, backbone.Info.Name, () => backbone.EncodeText([.. unconditional, .. prompts]));
    }

    private Dictionary<string, double> Score(RgbImage image, string prompt, RunRecorder run) =>
        Scorers.ToDictionary(scorer => scorer.Name, scorer => run.Stage(AlignmentStage.Score, scorer.Name, () => scorer.Score([image], prompt)[0]));

    // The first scorer decides; without one every picture is an improvement.
    private bool Improves(Dictionary<string, double> scores, Dictionary<string, double> before) =>
        Scorers.Count == 0 || scores[Scorers[0].Name] > before[Scorers[0].Name];

    private bool IsSufficient(Dictionary<string, double> scores, AlignmentRequest request) =>
        request.SufficientScore is { } sufficient && scores[Scorers[0].Name] >= sufficient;

    // Each round draws its own: another one may find what the last did not.
    private static List<string> AllQuestions(AlignmentRequest request) =>
        [.. Enumerable.Range(1, request.Rounds).Select(round => Question(request.Question, request.Prompt, request.Seed, round))];

    private static string Question(string? template, string prompt, long seed, int round) =>
        Questions.Ask(template ?? Questions.Draw(seed, round), prompt);

    private static int BranchesAtOnce(SamplingRequest request) => IsGuided(request) && request.GuidanceBranches == GuidanceBranches.Together ? 2 : 1;

    private static bool IsGuided(SamplingRequest request) => request.Guidance > 1;
}

using ImgAlign.Sampling;
using ImgAlign.ShapeWorld.Training.Stages;
using ImgAlign.Training;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>A stage of the world's training.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Number">What its seed is made of; stages with the same number draw the same.</param>
/// <param name="BuildsOn">The stages whose weights or data it reads; stages that do not build on each other may run side by side.</param>
/// <param name="Run">Does it.</param>
/// <param name="Gates">What it must reach.</param>
internal sealed record WorldStage(
    string Name,
    int Number,
    IReadOnlyList<string> BuildsOn,
    Func<StageContext, StageOutcome> Run,
    IReadOnlyList<Gate> Gates
)
{
    /// <summary>Whether it trains the aligner of an ablation.</summary>
    public bool IsAblation => AlignerVariant.Ablations.Any(variant => variant.Name == Name);

    /// <summary>All stages, each behind what it builds on, and what takes longest as early as it can begin.</summary>
    public static IReadOnlyList<WorldStage> All { get; } =
    [
        new(
            "vae",
            0,
            [],
            Train(static (context, seed) => new AutoencoderStage(context, seed), steps: 3000, batch: 16, rate: 2e-3),
            [new("right_held_out_pair", 0.97)]
        ),
        new(
            "clip",
            1,
            [],
            Train(static (context, seed) => new ImageTextStage(context, seed), steps: 1800, batch: 64, rate: 1.5e-3),
            [new("right_over_wrong_held_out_pair", 0.92), new("right_over_exchanged_held_out_pair", 0.45, AtMost: 0.6)]
        ),
        new(
            "captions",
            8,
            ["clip"],
            Train(static (context, seed) => new CaptionStage(context, seed), steps: 2000, batch: 16, rate: 1.5e-3),
            [new("right_descriptions_held_out_pair", 0.85)]
        ),
        new(
            "answers",
            9,
            ["captions"],
            Train(static (context, seed) => new AnswerStage(context, seed), steps: 2000, batch: 32, rate: 1.5e-3),
            [new("right_yes_no_held_out_pair", 0.9)]
        ),
        new(
            "detector",
            3,
            ["answers"],
            Train(static (context, seed) => new DetectorStage(context, seed), steps: 6000, batch: 16, rate: 1.5e-3),
            [new("right_instructions_held_out_pair", 0.7), new("right_yes_no_held_out_pair", 0.9)]
        ),
        new(
            "unet",
            4,
            ["vae", "clip"],
            Train(
                static (context, seed) => new DiffusionStage(context, seed),
                steps: 6000,
                batch: 32,
                rate: 2e-3,
                average: 0.998,
                evaluations: 1
            ),
            [new("right_held_out_pair", 0.25, AtMost: 0.7), new("gain_held_out_pair", 0.15)]
        ),
        new(
            "scorer",
            2,
            [],
            Train(static (context, seed) => new ScorerStage(context, seed), steps: 1800, batch: 64, rate: 1.5e-3),
            [new("right_over_wrong_held_out_pair", 0.92), new("right_over_exchanged_held_out_pair", 0.45, AtMost: 0.6)]
        ),
        new("judge", 10, ["detector", "unet"], JudgeStage.Run, []),
        new("pairs", 6, ["unet"], static context => PairsStage.Run(context, prompts: 1600, picturesPerPrompt: 4), [new("pairs", 2000)]),
        TrainAligner(AlignerVariant.Full, [new("gain_held_out_pair", 0.05)]),
        .. AlignerVariant.Ablations.Select(static variant => TrainAligner(variant, [])),
    ];

    // All variants have the same first weights, see the same pairs in the same order, and differ in what is compared only.
    private static WorldStage TrainAligner(AlignerVariant variant, IReadOnlyList<Gate> gates) =>
        new(
            variant.Name,
            7,
            ["detector", "pairs"],
            Train((context, seed) => new AlignerStage(context, seed, variant), steps: 1500, batch: 32, rate: 1e-3, evaluations: 1),
            gates
        );

    private static Func<StageContext, StageOutcome> Train(
        Func<StageContext, long, StageTask> open,
        long steps,
        int batch,
        double rate,
        double? average = null,
        int evaluations = 4
    ) =>
        context =>
        {
            var options = new TrainerOptions
            {
                Steps = context.Steps ?? steps,
                BatchSize = batch,
                LearningRate = rate,
                Schedule = LearningRateSchedule.Cosine,
                WarmupRatio = 0.03,
                MaxGradientNorm = 1,
                AverageDecay = average,
                Seed = SeedSequence.At(context.Seed, 0),
                LogEvery = 20,
                EvaluateEvery = Math.Max(1, (context.Steps ?? steps) / evaluations),
                CheckpointEvery = 250,
                KeepCheckpoints = 1,
            };
            using var task = open(context, SeedSequence.At(context.Seed, 1));
            using var trainer = new Trainer(task, options);
            var result = trainer.Run(context.RunFolder, resume: true, context.Progress, context.CancellationToken);
            if (result.Steps > options.Steps)
                throw new ImgAlignException(
                    $"Stage {context.Stage} has been trained for {result.Steps} steps; give --steps {result.Steps} or more."
                );
            return new StageOutcome(result.Steps, result.Evaluation);
        };
}

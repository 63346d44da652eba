using ImgAlign.ShapeWorld.Training.Stages;
using ImgAlign.Training;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>A stage of the world's training.</summary>
/// <param name="Name">Its name.</param>
/// <param name="BuildsOn">The stages whose weights or data it reads; stages that do not build on each other may run side by side.</param>
/// <param name="Run">Does it.</param>
/// <param name="Gates">What it must reach.</param>
internal sealed record WorldStage(string Name, IReadOnlyList<string> BuildsOn, Func<StageContext, StageOutcome> Run, IReadOnlyList<Gate> Gates)
{
    // How often the base model's captions have one thing wrong. What a prompt says then leaves room for an image prompt to say it better.
    private const double BaseCaptionNoise = 0.35;

    /// <summary>All stages, in their order.</summary>
    public static IReadOnlyList<WorldStage> All { get; } =
    [
        new("vae", [], Train(static (context, seed) => new AutoencoderStage(context.Folder, seed), steps: 3000, batch: 16, rate: 2e-3),
            [new("right_held_out", 0.97)]),
        new("clip", [], Train(static (context, seed) => new ImageTextStage(context.Folder, seed), steps: 1800, batch: 64, rate: 1.5e-3),
            [new("right_over_wrong_held_out", 0.92), new("right_over_exchanged_held_out", 0.95), new("captions_read_held_out", 0.97)]),
        new("scorer", [], Train(static (context, seed) => new ScorerStage(context.Folder, seed), steps: 1800, batch: 64, rate: 1.5e-3),
            [new("right_over_wrong_held_out", 0.92), new("right_over_exchanged_held_out", 0.95)]),
        new("detector", ["clip"], Train(static (context, seed) => new DetectorStage(context.Folder, seed), steps: 6000, batch: 16, rate: 1.5e-3),
            [new("instructions_held_out", 0.7)]),
        new("unet", ["vae", "clip"], Train(static (context, seed) => new DiffusionStage(context.Folder, seed, BaseCaptionNoise), steps: 6000, batch: 32, rate: 2e-3, average: 0.998),
            [new("right_held_out", 0.25, AtMost: 0.7), new("relation_of_right_objects_held_out", 0.7)]),
        new("image-prompt", ["unet"], Train(static (context, seed) => new ImagePromptStage(context.Folder, seed), steps: 5000, batch: 32, rate: 2e-3, average: 0.998),
            [new("gain_held_out", 0.15)]),
        new("pairs", ["unet"], static context => PairsStage.Run(context, prompts: 1000, picturesPerPrompt: 6),
            [new("pairs", 1500)]),
        new("aligner", ["detector", "image-prompt", "pairs"], Train(static (context, seed) => new AlignerStage(context, seed), steps: 2000, batch: 16, rate: 1e-3),
            [new("gain", 0.05)]),
    ];

    private static Func<StageContext, StageOutcome> Train(Func<StageContext, long, StageTask> open, long steps, int batch, double rate, double? average = null) => context =>
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
            EvaluateEvery = Math.Max(1, (context.Steps ?? steps) / 4),
            CheckpointEvery = 250,
            KeepCheckpoints = 1,
        };
        using var task = open(context, SeedSequence.At(context.Seed, 1));
        using var trainer = new Trainer(task, options);
        var result = trainer.Run(context.RunFolder, resume: true, context.Progress, context.CancellationToken);
        // A run that was complete already has measured nothing.
        return new StageOutcome(result.Steps, result.Evaluation.Count > 0 ? result.Evaluation : task.Evaluate(context.CancellationToken));
    };
}

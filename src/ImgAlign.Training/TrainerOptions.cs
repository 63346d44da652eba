using System.ComponentModel.DataAnnotations;
using ImgAlign.Training.Optimization;
using Microsoft.Extensions.Options;

namespace ImgAlign.Training;

/// <summary>How a network is trained. The defaults are IMG's for its aligner, but for the number of steps.</summary>
public sealed class TrainerOptions
{
    /// <summary>The optimiser's steps (IMG: 100,000).</summary>
    [Range(1, long.MaxValue)]
    public long Steps { get; set; } = 1000;

    /// <summary>The samples of a step, all parts and processes together.</summary>
    [Range(1, 1 << 20)]
    public int BatchSize { get; set; } = 8;

    /// <summary>The parts in which a process computes its share of a batch, one after the other.</summary>
    [Range(1, 1 << 20)]
    public int AccumulationSteps { get; set; } = 1;

    /// <summary>The highest learning rate.</summary>
    [Range(0, 1e6)]
    public double LearningRate { get; set; } = 1e-4;

    /// <summary>How the rate goes on after its rise.</summary>
    [EnumDataType(typeof(LearningRateSchedule))]
    public LearningRateSchedule Schedule { get; set; } = LearningRateSchedule.Constant;

    /// <summary>The part of the run in which the rate rises from 0 (LLaVA: 0.03).</summary>
    [Range(0, 1)]
    public double WarmupRatio { get; set; }

    /// <summary>The optimiser's constants.</summary>
    [Required, ValidateObjectMembers]
    public AdamWOptions Optimizer { get; set; } = new();

    /// <summary>The greatest norm of a gradient; null: there is no limit.</summary>
    [Range(1e-12, 1e12)]
    public double? MaxGradientNorm { get; set; }

    /// <summary>How slowly an average of the weights forgets, such as 0.999; null: no average is kept.</summary>
    [Range(0, 0.9999999)]
    public double? AverageDecay { get; set; }

    /// <summary>The seed of the order of the data and of everything that is drawn.</summary>
    public long Seed { get; set; }

    /// <summary>Whether the data are shuffled.</summary>
    public bool Shuffle { get; set; } = true;

    /// <summary>The steps from one line of metrics to the next.</summary>
    [Range(1, long.MaxValue)]
    public long LogEvery { get; set; } = 1;

    /// <summary>The steps from one evaluation to the next; 0: at the end only.</summary>
    [Range(0, long.MaxValue)]
    public long EvaluateEvery { get; set; }

    /// <summary>The steps from one checkpoint to the next; 0: at the end only.</summary>
    [Range(0, long.MaxValue)]
    public long CheckpointEvery { get; set; } = 1000;

    /// <summary>The number of checkpoints that are kept.</summary>
    [Range(1, 1 << 20)]
    public int KeepCheckpoints { get; set; } = 2;

    /// <summary>Whether gradients of more than 16 bits travel between processes in bfloat16: half the traffic of float32, and some of the
    /// digits.</summary>
    public bool ReduceInBFloat16 { get; set; }

    /// <summary>Whether each process keeps AdamW's means, and what else belongs to them, for its part of the parameters only (ZeRO, stage
    /// 1): less memory, the same numbers up to rounding.</summary>
    public bool ShardOptimizer { get; set; }

    /// <summary>The learning rate of a step.</summary>
    /// <param name="step">From 0.</param>
    public double RateAt(long step)
    {
        var warmup = Optimization.LearningRate.WarmupSteps(WarmupRatio, Steps);
        return Schedule == LearningRateSchedule.Cosine
            ? Optimization.LearningRate.Cosine(step, LearningRate, Steps, warmup)
            : Optimization.LearningRate.Constant(step, LearningRate, warmup);
    }

    internal void Validate(int processes)
    {
        TrainingRunOptions.Require(new TrainerOptionsValidator().Validate(null, this));
        if (BatchSize % (AccumulationSteps * processes) != 0)
            throw new ImgAlignException(
                $"{nameof(TrainerOptions)}: a batch of {BatchSize} does not fall into {AccumulationSteps} equal parts for each "
                    + $"of {processes} processes; change {nameof(BatchSize)} or {nameof(AccumulationSteps)}."
            );
    }
}

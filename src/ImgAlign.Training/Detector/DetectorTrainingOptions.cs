using System.ComponentModel.DataAnnotations;
using ImgAlign.Training.Optimization;

namespace ImgAlign.Training.Detector;

/// <summary>
/// How LLaVA is fine-tuned on edit instructions. The defaults are LLaVA's recipe, as IMG uses it (IMG, A.3). The data are triplets in one
/// of InstructPix2Pix's layouts (<see cref="Data.InstructPix2Pix"/>); at the end of the run the tuned model is in its folder's
/// <c>model</c>, in the layout of the given one.
/// </summary>
public sealed class DetectorTrainingOptions : TrainingRunOptions
{
    /// <summary>Sets the defaults.</summary>
    public DetectorTrainingOptions()
        : base(
            new TrainerOptions
            {
                BatchSize = 128,
                LearningRate = 2e-5,
                Schedule = LearningRateSchedule.Cosine,
                WarmupRatio = 0.03,
                Optimizer = new AdamWOptions { WeightDecay = 0 },
                MaxGradientNorm = 1,
            },
            epochs: 1
        ) { }

    /// <summary>The rank of low-rank changes of the language model; 0: the projector and the language model are trained as they
    /// are.</summary>
    [Range(0, 4096)]
    public int LoraRank { get; set; }

    /// <summary>The numerator of the low-rank changes' scale.</summary>
    [Range(1e-3, 1e6)]
    public double LoraAlpha { get; set; } = 256;

    internal override void Validate() => Require(new DetectorTrainingOptionsValidator().Validate(null, this));
}

using System.ComponentModel.DataAnnotations;
using ImgAlign.Training.Optimization;

namespace ImgAlign.Training.Detector;

/// <summary>How LLaVA is fine-tuned on edit instructions. The defaults are LLaVA's recipe, as IMG uses it (IMG, A.3).</summary>
public sealed class DetectorTrainingOptions
{
    /// <summary>The triplets, in one of InstructPix2Pix's layouts (<see cref="Data.InstructPix2Pix"/>).</summary>
    [Required]
    public string DataPath { get; set; } = "";

    /// <summary>The folder of the run. At its end the tuned model is in <c>model</c>, in the layout of the given one.</summary>
    [Required]
    public string OutputPath { get; set; } = "";

    /// <summary>How often the data are gone through; the loop's steps follow from it. 0: the loop's own number counts.</summary>
    [Range(0, 1000)]
    public double Epochs { get; set; } = 1;

    /// <summary>The rank of low-rank changes of the language model; 0: the projector and the language model are trained as they are.</summary>
    [Range(0, 4096)]
    public int LoraRank { get; set; }

    /// <summary>The numerator of the low-rank changes' scale.</summary>
    [Range(1e-3, 1e6)]
    public double LoraAlpha { get; set; } = 256;

    /// <summary>Whether activations within the language model's layers are computed again for their gradients instead of kept.</summary>
    public bool CheckpointGradients { get; set; }

    /// <summary>The loop.</summary>
    [Required]
    public TrainerOptions Trainer { get; set; } = new()
    {
        BatchSize = 128, LearningRate = 2e-5, Schedule = LearningRateSchedule.Cosine, WarmupRatio = 0.03, Optimizer = new AdamWOptions { WeightDecay = 0 }, MaxGradientNorm = 1,
    };

    internal void Validate()
    {
        var problems = new List<ValidationResult>();
        if (!Validator.TryValidateObject(this, new ValidationContext(this), problems, validateAllProperties: true))
            throw new ImgAlignException($"{nameof(DetectorTrainingOptions)}: {problems[0].ErrorMessage}");
    }
}

using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ImgAlign.Training;

/// <summary>What every training from data on disk is told: its data, those that are held out, the folder of the run, the loop.</summary>
public abstract class TrainingRunOptions
{
    /// <summary>Sets what differs from one training to another.</summary>
    /// <param name="trainer">The loop.</param>
    /// <param name="epochs">How often the data are gone through.</param>
    private protected TrainingRunOptions(TrainerOptions trainer, double epochs = 0) => (Trainer, Epochs) = (trainer, epochs);

    /// <summary>The data, a folder or a file in one of the layouts of this training.</summary>
    [Required]
    public string DataPath { get; set; } = "";

    /// <summary>Data in the same layouts that are held out: measured every <see cref="TrainerOptions.EvaluateEvery"/> steps and at the end;
    /// null: none.</summary>
    public string? EvaluationPath { get; set; }

    /// <summary>The most samples of <see cref="EvaluationPath"/> that are measured, its first.</summary>
    [Range(1, 1 << 20)]
    public int EvaluationSamples { get; set; } = 256;

    /// <summary>The folder of the run: checkpoints, metrics, plot.</summary>
    [Required]
    public string OutputPath { get; set; } = "";

    /// <summary>How often the data are gone through; the loop's steps follow from it. 0: the loop's own number counts.</summary>
    [Range(0, 1000)]
    public double Epochs { get; set; }

    /// <summary>Whether activations within the trained network's layers are computed again for their gradients instead of kept: less
    /// memory, more time.</summary>
    public bool CheckpointGradients { get; set; }

    /// <summary>The loop.</summary>
    [Required, ValidateObjectMembers]
    public TrainerOptions Trainer { get; set; }

    /// <exception cref="ImgAlignException">A value is out of its range.</exception>
    internal abstract void Validate();

    internal static void Require(ValidateOptionsResult result)
    {
        if (result.Failed)
            throw new ImgAlignException(result.FailureMessage);
    }
}

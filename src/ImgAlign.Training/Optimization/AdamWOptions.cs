using System.ComponentModel.DataAnnotations;

namespace ImgAlign.Training.Optimization;

/// <summary>The constants of <see cref="AdamW"/>; the defaults are IMG's (supplement) and PyTorch's.</summary>
public sealed class AdamWOptions
{
    /// <summary>How slowly the mean of the gradients forgets.</summary>
    [Range(0, 0.999999999)]
    public double Beta1 { get; set; } = 0.9;

    /// <summary>How slowly the mean of their squares forgets.</summary>
    [Range(0, 0.999999999)]
    public double Beta2 { get; set; } = 0.999;

    /// <summary>What keeps the division finite.</summary>
    [Range(0, 1)]
    public double Epsilon { get; set; } = 1e-8;

    /// <summary>The part of every parameter that is taken away in a step, times the learning rate.</summary>
    [Range(0, 1e6)]
    public double WeightDecay { get; set; } = 1e-4;
}

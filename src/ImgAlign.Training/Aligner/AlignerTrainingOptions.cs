using System.ComponentModel.DataAnnotations;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Training.Preference;

namespace ImgAlign.Training.Aligner;

/// <summary>
/// How an Implicit Aligner is trained. The defaults are IMG's. The data are preference pairs: a folder with <c>pairs.jsonl</c>, or Parquet
/// in Pick-a-Pic's columns, a file or a folder; or a folder of features that were made of such pairs (<see cref="Data.FeatureFolder"/>).
/// </summary>
public sealed class AlignerTrainingOptions : TrainingRunOptions
{
    /// <summary>Sets the defaults.</summary>
    public AlignerTrainingOptions()
        : base(new TrainerOptions { Steps = 100_000 }) { }

    /// <summary>Where features are kept that are made of pairs; null: in the folder of the run.</summary>
    public string? CachePath { get; set; }

    /// <summary>Whether the detector's hidden states are kept, too. They are large, and every pair then keeps one question.</summary>
    public bool KeepHiddenStates { get; set; }

    /// <summary>The most pairs of a shard of features; null: as many as take 256 MB or so.</summary>
    [Range(1, 1 << 20)]
    public int? PairsPerShard { get; set; }

    /// <summary>The weight of <c>L_pref</c>, lambda.</summary>
    [Range(0, 1e6)]
    public double Lambda { get; set; } = 1;

    /// <summary>The factor on the margin a, beta.</summary>
    [Range(1e-6, 1e6)]
    public double Beta { get; set; } = 1;

    /// <summary>Which terms are trained.</summary>
    [EnumDataType(typeof(PreferenceTerms))]
    public PreferenceTerms Terms { get; set; } = PreferenceTerms.Full;

    /// <summary>The reference is replaced after this many improvements in a row, k.</summary>
    [Range(1, 1 << 20)]
    public int UpdateAfter { get; set; } = 10;

    /// <summary>The aligner's layers.</summary>
    [Range(1, 1024)]
    public int Depth { get; set; } = 4;

    /// <summary>The aligner's attention heads.</summary>
    [Range(1, 1024)]
    public int Heads { get; set; } = 20;

    /// <summary>Width of a head; it is not stored in the weights.</summary>
    [Range(1, 4096)]
    public int HeadWidth { get; set; } = PerceiverConfig.ReleasedHeadWidth;

    /// <summary>How much wider a feed-forward is inside.</summary>
    [Range(1, 64)]
    public int FeedForwardFactor { get; set; } = 4;

    /// <summary>An aligner to begin with, of the same sizes; null: random weights, which are the identity.</summary>
    public string? InitialPath { get; set; }

    internal PreferenceObjective Objective => new(Lambda, Beta, Terms);

    internal string Cache => CachePath ?? Path.Combine(OutputPath, "cache");

    internal override void Validate() => Require(new AlignerTrainingOptionsValidator().Validate(null, this));
}

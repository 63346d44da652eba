using ImgAlign.Checkpoints;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Scorers;

/// <summary>
/// PickScore (Kirstain et al., 2023): the cosine of picture and prompt in a CLIP that learned from people's choices, times its own scale of
/// about 100.
/// </summary>
public sealed class PickScorer : ClipBasedScorer
{
    /// <summary>The name of one that is given no other.</summary>
    public const string DefaultName = "pickscore";

    private const string Scale = "logit_scale";

    /// <summary>Reads configuration, tokenizer and scale and compares them with the weights, which are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">Where the files are.</param>
    /// <param name="name">The name in records.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken.</exception>
    public PickScorer(DeviceRuntime runtime, PickScoreOptions options, string name = DefaultName)
        : base(runtime, name, Read(options)) { }

    private static ClipPair Read(PickScoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return ClipPair.Read("PickScore", options.ModelPath, ReadFactor(options.ModelPath), options.TokenizerPath);
    }

    private static double ReadFactor(string path)
    {
        using var file = Checkpoint.Open(path);
        using var scope = NewDisposeScope();
        var stored = file.Read(Scale);
        if (stored.numel() != 1)
            throw Fault("is not a single number; is this a CLIP model?");
        var factor = Math.Exp(stored.to(float64).item<double>());
        return double.IsFinite(factor) ? factor : throw Fault("is not a finite number; the file is damaged: take another one.");

        CheckpointException Fault(string problem) => new(file.FileOf(Scale), problem, Scale);
    }
}

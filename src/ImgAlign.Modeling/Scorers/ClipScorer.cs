using ImgAlign.Runtime;

namespace ImgAlign.Scorers;

/// <summary>
/// CLIP score: 100 times the cosine of picture and prompt in a CLIP (Hessel et al., 2021; as in torchmetrics, a picture's may be negative).
/// It hardly sees which word belongs to which.
/// </summary>
public sealed class ClipScorer : ClipBasedScorer
{
    /// <summary>The name of one that is given no other.</summary>
    public const string DefaultName = "clipscore";

    /// <summary>Reads configuration and tokenizer and compares them with the weights, which are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">Where the files are.</param>
    /// <param name="name">The name in records.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken.</exception>
    public ClipScorer(DeviceRuntime runtime, ClipScoreOptions options, string name = DefaultName)
        : base(runtime, name, Read(options)) { }

    private static ClipPair Read(ClipScoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return ClipPair.Read("CLIP score", options.ModelPath, factor: 100);
    }
}

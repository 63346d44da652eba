using ImgAlign.Runtime;

namespace ImgAlign.Scorers;

/// <summary>
/// Human Preference Score v2 and v2.1 (Wu et al., 2023): the cosine of picture and prompt in a CLIP that learned from people's choices.
/// Papers print it times 100.
/// </summary>
public sealed class HpsScorer : ClipBasedScorer
{
    /// <summary>The name of one that is given no other.</summary>
    public const string DefaultName = "hps";

    /// <summary>Reads configuration and tokenizer and compares them with the weights, which are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">Where the files are, and how pictures are read.</param>
    /// <param name="name">The name in records.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken.</exception>
    public HpsScorer(DeviceRuntime runtime, HpsOptions options, string name = DefaultName)
        : base(runtime, name, Read(options)) { }

    private static ClipPair Read(HpsOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return HpsFiles.Read(options.ModelPath, options.TokenizerPath, options.Preprocessing);
    }
}

using ImgAlign.Networks.Aligner;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Sampling;
using ImgAlign.Training;
using ImgAlign.Training.Aligner;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Training;

/// <summary>Preference pairs of random features, whose questions have several lengths.</summary>
internal sealed class RandomPairs(int count) : IPreferenceFeatures
{
    private const int DetectorWidth = 6,
        Tokens = 3,
        TokenWidth = 8;

    public int Count => count;

    /// <summary>Pairs that cannot be used.</summary>
    public HashSet<int> Broken { get; } = [];

    /// <summary>What was read, in order.</summary>
    public List<SampleDraw> Seen { get; } = [];

    /// <summary>An aligner for these features, which changes them.</summary>
    public static AlignerNetwork Aligner(long seed = 1)
    {
        var network = new AlignerNetwork(
            new PerceiverConfig(DetectorWidth, TokenWidth, TokenWidth, Depth: 2, Heads: 2, HeadWidth: 4, FeedForwardWidth: 16),
            META
        );
        ParameterInitialization.Randomize(network, seed, deviation: 0.3);
        return network;
    }

    public string? FindProblem(int index) => Broken.Contains(index) ? $"pair {index} is broken" : null;

    public PreferenceFeatures Read(SampleDraw sample)
    {
        Seen.Add(sample);
        var length = 2 + sample.Index % 3;
        return new PreferenceFeatures(
            ModelExtensions.Randn(sample.Index, [length, DetectorWidth]),
            ModelExtensions.Randn(~sample.Index, [Tokens, TokenWidth]),
            ModelExtensions.Randn(99 + sample.Index, [Tokens, TokenWidth])
        );
    }
}

using ImgAlign.Networks.Aligner;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Training;
using ImgAlign.Training.Aligner;
using ImgAlign.Training.Preference;
using TorchSharp;

namespace ImgAlign.Benchmarks.Measured;

/// <summary>The aligner for FLUX at a quarter of its width, trained on features that are drawn at random.</summary>
internal static class QuarterAligner
{
    private const long Width = 4096 / 4;
    private const long HiddenWidth = 5120 / 4;

    public static AlignerNetwork Create()
    {
        var network = new AlignerNetwork(
            new PerceiverConfig(HiddenWidth, Width, Width, Depth: 4, Heads: 5, HeadWidth: 64, FeedForwardWidth: 4 * Width),
            torch.META
        );
        AlignerTask.Randomize(network, seed: 0);
        return network;
    }

    /// <param name="network">What is trained.</param>
    /// <param name="hiddenStates">How many hidden states of the detector a pair has.</param>
    public static AlignerTask Train(AlignerNetwork network, int hiddenStates) =>
        new(network, new RandomFeatures(hiddenStates), new PreferenceObjective());

    /// <summary>XLabs' four tokens a picture.</summary>
    private sealed class RandomFeatures(int hiddenStates) : IPreferenceFeatures
    {
        public int Count => 64;

        public string? FindProblem(int index) => null;

        public PreferenceFeatures Read(SampleDraw sample) =>
            new(torch.randn(hiddenStates, HiddenWidth), torch.randn(4, Width), torch.randn(4, Width));
    }
}

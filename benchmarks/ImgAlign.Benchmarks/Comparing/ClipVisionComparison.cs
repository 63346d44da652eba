using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using TorchSharp;

namespace ImgAlign.Benchmarks.Comparing;

/// <summary>CLIP ViT-H/14 up to its penultimate layer.</summary>
internal sealed record ClipVisionComparison() : Comparison("vit-h-224")
{
    private static readonly ClipVisionConfig Config = new()
    {
        HiddenSize = 1280,
        IntermediateSize = 5120,
        NumHiddenLayers = 32,
        NumAttentionHeads = 16,
        PatchSize = 14,
        HiddenAct = "gelu",
    };

    public override IContender Create(SharedWeights weights, IReadOnlyDictionary<string, torch.Tensor> inputs)
    {
        var encoder = new ClipVisionModel(Config, torch.META, penultimateOnly: true);
        CheckpointBinder.Bind(encoder, weights, encoder.Names(weights));
        return new NetworkContender(encoder, () => encoder.call(inputs["pixel_values"]).Penultimate);
    }
}

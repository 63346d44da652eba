using ImgAlign.Checkpoints;
using ImgAlign.Networks.Llama;
using TorchSharp;

namespace ImgAlign.Benchmarks.Comparing;

/// <summary>Four layers of LLaMA-13B and the final norm.</summary>
internal sealed record LlamaComparison() : Comparison("llama-13b-4-layers-640")
{
    private static readonly LlamaConfig Config = new()
    {
        VocabSize = 32064,
        HiddenSize = 5120,
        IntermediateSize = 13824,
        NumHiddenLayers = 4,
        NumAttentionHeads = 40,
        MaxPositionEmbeddings = 4096,
        RmsNormEps = 1e-5,
    };

    public override IContender Create(SharedWeights weights, IReadOnlyDictionary<string, torch.Tensor> inputs)
    {
        var model = new LlamaModel(Config, torch.META);
        CheckpointBinder.Bind(model, weights, WeightMap.Identity);
        return new NetworkContender(model, () => model.Run(inputs["inputs_embeds"]));
    }
}

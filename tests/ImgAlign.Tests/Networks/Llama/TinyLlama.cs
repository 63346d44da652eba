using ImgAlign.Checkpoints;
using ImgAlign.Networks.Llama;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Tests.Networks.Llama;

/// <summary>A LLaMA of a few thousand parameters.</summary>
internal static class TinyLlama
{
    public static LlamaConfig Config { get; } =
        new()
        {
            VocabSize = 50,
            HiddenSize = 24,
            IntermediateSize = 40,
            NumHiddenLayers = 3,
            NumAttentionHeads = 4,
            MaxPositionEmbeddings = 32,
        };

    public static LlamaForCausalLM Create(LlamaConfig config)
    {
        var network = new LlamaForCausalLM(config, torch.META);
        var shapes = ModuleParameters.Enumerate(network).Select(parameter => KeyValuePair.Create(parameter.Path, parameter.Value.shape));
        CheckpointBinder.Bind(network, new RuleCheckpoint(5, shapes), WeightMap.Identity);
        return network;
    }

    public static torch.Tensor Ids(int batch, int length)
    {
        using var all = torch.arange(batch * length);
        return all.mul(7).add(3).remainder(Config.VocabSize).view(batch, length);
    }
}

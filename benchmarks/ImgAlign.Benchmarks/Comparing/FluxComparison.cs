using ImgAlign.Checkpoints;
using ImgAlign.Networks.Flux;
using TorchSharp;

namespace ImgAlign.Benchmarks.Comparing;

/// <summary>FLUX.1-dev's transformer at full width with two double and four single blocks.</summary>
internal sealed record FluxComparison() : Comparison("flux-2-4-512")
{
    public override IContender Create(SharedWeights weights, IReadOnlyDictionary<string, torch.Tensor> inputs)
    {
        var transformer = new FluxTransformer(FullSize.FluxOf(doubleBlocks: 2, singleBlocks: 4), torch.META);
        CheckpointBinder.Bind(transformer, weights, WeightMap.Identity);
        return new PreparedContender<FluxConditioning>(
            () => transformer.Prepare(inputs["context"], inputs["pooled"], inputs["guidance"], inputs["txt_ids"], inputs["img_ids"]),
            conditioning => transformer.call(inputs["hidden_states"], inputs["timestep"], conditioning),
            transformer
        );
    }
}

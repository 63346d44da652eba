using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Sdxl;
using TorchSharp;

namespace ImgAlign.Benchmarks.Comparing;

/// <summary>SDXL's UNet, with an image prompt where the graph has one. The graph projects the prompts in every step.</summary>
internal sealed record SdxlUNetComparison(string Name) : Comparison(Name)
{
    private const double ImageScale = 0.2;

    public override IContender Create(SharedWeights weights, IReadOnlyDictionary<string, torch.Tensor> inputs)
    {
        var unet = new UNet2DConditionModel(SdxlBase.UNet, torch.META);
        CheckpointBinder.Bind(unet, weights, WeightMap.Identity.Ignoring(name => name.Contains("_ip.", StringComparison.Ordinal)));
        var adapter = inputs.ContainsKey("image_prompt") ? new ImagePromptAdapter(SdxlBase.UNet, torch.META) : null;
        if (adapter is not null)
            CheckpointBinder.Bind(adapter, weights, AdapterNames(weights));
        return new PreparedContender<UNetConditioning>(
            () =>
            {
                using var image = adapter is null ? null : inputs["image_prompt"].squeeze(1);
                return unet.Prepare(inputs["context"], inputs["text_embeds"], inputs["time_ids"], adapter, image, ImageScale);
            },
            conditioning => unet.call(inputs["sample"], inputs["timestep"], conditioning),
            unet,
            adapter
        );
    }

    // diffusers keeps the adapter within each attention, as <attention>.processor.to_k_ip.0.weight; a file counts attentions 1, 3, 5, ...
    private static WeightMap AdapterNames(SharedWeights weights)
    {
        string[] parts = [".processor.to_k_ip.0.weight", ".processor.to_v_ip.0.weight"];
        var attentions = weights
            .Tensors.Keys.Where(name => name.EndsWith(parts[0], StringComparison.Ordinal))
            .Select(name => name[..^parts[0].Length])
            .ToList();
        return new(
            name => new WeightSource.Whole(
                attentions[int.Parse(name.Split('.')[0], System.Globalization.CultureInfo.InvariantCulture) / 2]
                    + parts[name.Contains("to_k_ip", StringComparison.Ordinal) ? 0 : 1]
            ),
            _ => true
        );
    }
}

using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Sdxl;

/// <summary>The residual blocks of one resolution and the transformers behind them: what down, mid and up blocks have in common.</summary>
internal abstract class UNetBlock : nn.Module<Tensor, UNetStep, Tensor>
{
    [ComponentName(Name = "attentions")]
    private readonly ModuleList<Transformer2D> attentions;

    [ComponentName(Name = "resnets")]
    private readonly ModuleList<ResnetBlock> resnets;

    protected UNetBlock(SdxlUNetConfig config, UNetBlockPlan plan, Device device, string name) : base(name)
    {
        attentions = new ModuleList<Transformer2D>([.. plan.Layers.Where(layer => layer.TransformerLayers is not null)
            .Select(layer => new Transformer2D(config, layer.OutChannels, plan.Heads, layer.TransformerLayers!.Value, device))]);
        resnets = new ModuleList<ResnetBlock>([.. plan.Layers
            .Select(layer => new ResnetBlock(layer.InChannels, layer.OutChannels, config.TimeEmbeddingWidth, config.NormNumGroups, config.NormEps, device))]);
    }

    /// <summary>The attentions to the prompts, in order.</summary>
    public IEnumerable<UNetAttention> CrossAttentions => attentions.SelectMany(attention => attention.CrossAttentions);

    protected int LayerCount => resnets.Count;

    /// <summary>One residual block, and the transformer behind it where there is one.</summary>
    /// <returns>A new tensor.</returns>
    protected Tensor RunLayer(int index, Tensor x, UNetStep step)
    {
        var h = Recomputation.Run(step.RecomputesActivations, inputs => resnets[index].call(inputs[0], inputs[1]), x, step.ActivatedTime);
        if (index >= attentions.Count) return h;
        using (h) return attentions[index].call(h, step);
    }
}

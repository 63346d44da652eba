using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Linear = ImgAlign.Networks.Layers.Linear;

namespace ImgAlign.Networks.Sdxl;

/// <summary>Transformer layers on the pixels of a feature map (diffusers <c>Transformer2DModel</c>).</summary>
internal sealed class Transformer2D : nn.Module<Tensor, UNetStep, Tensor>
{
    private const double NormEps = 1e-6;  // not the configuration's norm_eps

    private readonly bool projectsTokens;

    [ComponentName(Name = "norm")]
    private readonly GroupNorm norm;

    [ComponentName(Name = "proj_in")]
    private readonly nn.Module<Tensor, Tensor> projectIn;

    [ComponentName(Name = "transformer_blocks")]
    private readonly ModuleList<TransformerBlock> blocks;

    [ComponentName(Name = "proj_out")]
    private readonly nn.Module<Tensor, Tensor> projectOut;

    /// <summary>Creates the layers; their weights are uninitialised.</summary>
    /// <param name="config">The UNet's configuration.</param>
    /// <param name="channels">Channels of the feature map.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="layers">Transformer layers.</param>
    /// <param name="device">Where its weights are.</param>
    public Transformer2D(SdxlUNetConfig config, long channels, long heads, int layers, Device device) : base(nameof(Transformer2D))
    {
        var width = heads * (channels / heads);
        projectsTokens = config.UseLinearProjection;
        norm = nn.GroupNorm(config.NormNumGroups, channels, NormEps, device: device);
        projectIn = Projection(channels, width);
        blocks = new ModuleList<TransformerBlock>([.. Enumerable.Range(0, layers).Select(_ => new TransformerBlock(width, config.CrossAttentionDim, heads, device))]);
        projectOut = Projection(width, channels);
        RegisterComponents();

        nn.Module<Tensor, Tensor> Projection(long inputs, long outputs) => projectsTokens
            ? new Linear(inputs, outputs, hasBias: true, device)
            : new Convolution2d(inputs, outputs, kernelSize: 1, device);
    }

    /// <summary>The attentions to the prompts, in order.</summary>
    public IEnumerable<UNetAttention> CrossAttentions => blocks.Select(block => block.CrossAttention);

    /// <summary>Runs the layers.</summary>
    /// <param name="x"><c>[B, C, h, w]</c>.</param>
    /// <param name="step">The prompts.</param>
    /// <returns><c>[B, C, h, w]</c>.</returns>
    public override Tensor forward(Tensor x, UNetStep step)
    {
        using var scope = NewDisposeScope();
        var (height, width) = (x.shape[2], x.shape[3]);
        var h = norm.call(x);
        h = projectsTokens ? projectIn.call(ToTokens(h)) : ToTokens(projectIn.call(h));
        foreach (var block in blocks) h = Run(block, h, step);  // [B, h * w, C]
        h = projectsTokens ? ToMap(projectOut.call(h)) : projectOut.call(ToMap(h));
        return h.PlusInPlace(x).MoveToOuterDisposeScope();

        // Views, when the feature map is stored with its channels last.
        static Tensor ToTokens(Tensor map) => map.permute(0, 2, 3, 1).reshape(map.shape[0], -1, map.shape[1]);
        Tensor ToMap(Tensor tokens) => tokens.view(tokens.shape[0], height, width, -1).permute(0, 3, 1, 2);
    }

    private static Tensor Run(TransformerBlock block, Tensor tokens, UNetStep step) => Recomputation.Run(
        step.RecomputesActivations, inputs => block.call(inputs[0], CrossAttentionContext.Of([.. inputs.Skip(1)])),
        [tokens, .. step.Conditioning.ContextOf(block.CrossAttention).Tensors]);
}

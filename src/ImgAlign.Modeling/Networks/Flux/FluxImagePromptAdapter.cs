using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Flux;

/// <summary>
/// The keys and values of image prompts for every double block: the <c>double_blocks</c> part of <c>ip_adapter.safetensors</c> (XLabs). The
/// transformer's own weights stay as they are.
/// </summary>
public sealed class FluxImagePromptAdapter : nn.Module
{
    [ComponentName(Name = "double_blocks")]
    private readonly ModuleList<FluxImagePromptBlock> blocks;

    /// <summary>Creates the projections; their weights are uninitialised.</summary>
    /// <param name="config">The transformer's configuration.</param>
    /// <param name="width">The width of an image-prompt token, d.</param>
    /// <param name="device">Where the weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public FluxImagePromptAdapter(FluxConfig config, long width, Device device)
        : base(nameof(FluxImagePromptAdapter))
    {
        blocks = nn.ModuleList<FluxImagePromptBlock>([
            .. Enumerable.Range(0, config.NumLayers).Select(_ => new FluxImagePromptBlock(width, config.Width, device)),
        ]);
        RegisterComponents();
    }

    /// <summary>The names in the published file, next to those of the projector.</summary>
    public static WeightMap Weights { get; } =
        WeightMap.Identity.Ignoring(static name => !name.Contains(".processor.", StringComparison.Ordinal));

    /// <summary>Keys and values of image tokens <c>[B, n, d]</c>, one a double block; the values times each sample's scale.</summary>
    internal List<KeysAndValues> Project(Tensor tokens, IReadOnlyList<double> scales, long heads)
    {
        using var factors = tensor(scales.ToArray(), tokens.dtype, tokens.device).view(-1, 1, 1);
        return [.. blocks.Select(block => block.Project(tokens, factors, heads))];
    }
}

/// <summary>Of one double block.</summary>
internal sealed class FluxImagePromptBlock : nn.Module
{
    [ComponentName(Name = "processor")]
    private readonly FluxImagePromptProjection processor;

    public FluxImagePromptBlock(long inputs, long outputs, Device device)
        : base(nameof(FluxImagePromptBlock))
    {
        processor = new FluxImagePromptProjection(inputs, outputs, device);
        RegisterComponents();
    }

    public KeysAndValues Project(Tensor tokens, Tensor factors, long heads) => processor.Project(tokens, factors, heads);
}

/// <summary>The two layers themselves.</summary>
internal sealed class FluxImagePromptProjection : nn.Module
{
    [ComponentName(Name = "ip_adapter_double_stream_k_proj")]
    private readonly CompactLinear keys;

    [ComponentName(Name = "ip_adapter_double_stream_v_proj")]
    private readonly CompactLinear values;

    public FluxImagePromptProjection(long inputs, long outputs, Device device)
        : base(nameof(FluxImagePromptProjection))
    {
        keys = new CompactLinear(inputs, outputs, hasBias: true, device);
        values = new CompactLinear(inputs, outputs, hasBias: true, device);
        RegisterComponents();
    }

    public KeysAndValues Project(Tensor tokens, Tensor factors, long heads)
    {
        TensorDevice.Require(this, keys.Weight.device, tokens);
        return new(Attention.Split(keys.call(tokens), heads), Attention.Split(values.call(tokens) * factors, heads));
    }
}

using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>
/// A residual block of two convolutions (diffusers <c>ResnetBlock2D</c>), of the UNet and of the VAE:
/// <c>x + conv2(silu(norm2(conv1(silu(norm1(x))) + time)))</c>.
/// </summary>
internal sealed class ResnetBlock : nn.Module<Tensor, Tensor?, Tensor>
{
    [ComponentName(Name = "norm1")]
    private readonly GroupNorm norm1;

    [ComponentName(Name = "conv1")]
    private readonly Convolution2d conv1;

    [ComponentName(Name = "time_emb_proj")]
    private readonly CompactLinear? timeProjection;

    [ComponentName(Name = "norm2")]
    private readonly GroupNorm norm2;

    [ComponentName(Name = "conv2")]
    private readonly Convolution2d conv2;

    [ComponentName(Name = "conv_shortcut")]
    private readonly Convolution2d? shortcut;

    /// <summary>Creates the block; its weights are uninitialised.</summary>
    /// <param name="inChannels">Channels in.</param>
    /// <param name="outChannels">Channels out.</param>
    /// <param name="timeWidth">Width of the time embedding, or null for a block without.</param>
    /// <param name="groups">Groups of the normalisations.</param>
    /// <param name="eps">The normalisations' eps.</param>
    /// <param name="device">Where its weights are.</param>
    public ResnetBlock(long inChannels, long outChannels, long? timeWidth, long groups, double eps, Device device)
        : base(nameof(ResnetBlock))
    {
        norm1 = nn.GroupNorm(groups, inChannels, eps, device: device);
        conv1 = new Convolution2d(inChannels, outChannels, kernelSize: 3, device, padding: 1);
        timeProjection = timeWidth is { } width ? new CompactLinear(width, outChannels, hasBias: true, device) : null;
        norm2 = nn.GroupNorm(groups, outChannels, eps, device: device);
        conv2 = new Convolution2d(outChannels, outChannels, kernelSize: 3, device, padding: 1);
        shortcut = inChannels == outChannels ? null : new Convolution2d(inChannels, outChannels, kernelSize: 1, device);
        RegisterComponents();
    }

    /// <summary>Runs the block.</summary>
    /// <param name="x"><c>[B, C, h, w]</c>.</param>
    /// <param name="activatedTime">SiLU of the time embedding <c>[B, t]</c>; null for a block without.</param>
    /// <returns><c>[B, C', h, w]</c>.</returns>
    public override Tensor forward(Tensor x, Tensor? activatedTime)
    {
        using var scope = NewDisposeScope();
        // In place on results that nothing else refers to, and freed as it goes: a map of the VAE takes a gigabyte. Autograd keeps what it
        // needs.
        var h = conv1.Consume(norm1.call(x).silu_());
        if (timeProjection is not null)
            h.PlusInPlace(timeProjection.call(activatedTime!).unsqueeze(-1).unsqueeze(-1));
        h = conv2.Consume(norm2.Consume(h).silu_());
        return h.PlusInPlace(shortcut is null ? x : shortcut.call(x)).MoveToOuterDisposeScope();
    }
}

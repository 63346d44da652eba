using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Vae;

/// <summary>
/// A small convolutional autoencoder that was distilled from a large one (diffusers <c>AutoencoderTiny</c>; TAESDXL and TAEF1 of O. Bohan):
/// its pictures are nearly those of the large one, at a small share of the cost.
/// </summary>
public sealed class AutoencoderTiny : Autoencoder
{
    // The decoder's input is bounded softly to so much either way.
    private const double MostLatent = 3;

    private readonly AutoencoderParts parts;

    [ComponentName(Name = "encoder")]
    private readonly TinyHalf? encoder;

    [ComponentName(Name = "decoder")]
    private readonly TinyHalf? decoder;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    /// <param name="parts">Which halves to build.</param>
    public AutoencoderTiny(AutoencoderTinyConfig config, Device device, AutoencoderParts parts = AutoencoderParts.Both)
        : base(nameof(AutoencoderTiny))
    {
        this.parts = parts;
        if (parts.HasFlag(AutoencoderParts.Encoder))
            encoder = new TinyHalf(EncoderLayers(config, device));
        if (parts.HasFlag(AutoencoderParts.Decoder))
            decoder = new TinyHalf(DecoderLayers(config, device));
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override WeightMap Names(Checkpoint checkpoint) => AutoencoderTinyNames.Map(checkpoint, parts);

    /// <inheritdoc/>
    public override Tensor Decode(Tensor latents)
    {
        if (decoder is null)
            throw new InvalidOperationException("This autoencoder was built without its decoder.");
        TensorDevice.Require(this, decoder.Device, latents);
        using var scope = NewDisposeScope();
        var bounded = latents.DividedBy(MostLatent).tanh_().TimesInPlace(MostLatent);
        // The network works on colours in 0..1.
        return decoder.call(bounded).TimesInPlace(2).PlusInPlace(-1).MoveToOuterDisposeScope();
    }

    /// <summary>Turns pictures into their latents, of which there is nothing to draw.</summary>
    /// <inheritdoc/>
    public override Tensor EncodeMoments(Tensor pictures)
    {
        if (encoder is null)
            throw new InvalidOperationException("This autoencoder was built without its encoder.");
        TensorDevice.Require(this, encoder.Device, pictures);
        using var colours = pictures.Plus(1).TimesInPlace(0.5);
        return encoder.call(colours);
    }

    private static IEnumerable<nn.Module<Tensor, Tensor>> EncoderLayers(AutoencoderTinyConfig config, Device device)
    {
        yield return new Convolution2d(config.InChannels, config.Width, kernelSize: 3, device, padding: 1);
        foreach (var (index, blocks) in config.NumEncoderBlocks.Index())
        {
            if (index > 0)
                yield return new Convolution2d(config.Width, config.Width, kernelSize: 3, device, stride: 2, padding: 1, hasBias: false);
            for (var i = 0; i < blocks; i++)
                yield return new TinyBlock(config.Width, device);
        }
        yield return new Convolution2d(config.Width, config.LatentChannels, kernelSize: 3, device, padding: 1);
    }

    private static IEnumerable<nn.Module<Tensor, Tensor>> DecoderLayers(AutoencoderTinyConfig config, Device device)
    {
        yield return new Convolution2d(config.LatentChannels, config.Width, kernelSize: 3, device, padding: 1);
        yield return nn.ReLU();
        foreach (var (index, blocks) in config.NumDecoderBlocks.Index())
        {
            if (index > 0)
            {
                yield return nn.Upsample(scale_factor: [2, 2], mode: UpsampleMode.Nearest);
                yield return new Convolution2d(config.Width, config.Width, kernelSize: 3, device, padding: 1, hasBias: false);
            }
            for (var i = 0; i < blocks; i++)
                yield return new TinyBlock(config.Width, device);
        }
        yield return new Convolution2d(config.Width, config.OutChannels, kernelSize: 3, device, padding: 1);
    }
}

/// <summary>One half: layers in a row, the first of which is a convolution.</summary>
internal sealed class TinyHalf : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "layers")]
    private readonly ModuleList<nn.Module<Tensor, Tensor>> layers;

    public TinyHalf(IEnumerable<nn.Module<Tensor, Tensor>> layers)
        : base(nameof(TinyHalf))
    {
        this.layers = nn.ModuleList<nn.Module<Tensor, Tensor>>([.. layers]);
        RegisterComponents();
    }

    /// <summary>Where its weights are.</summary>
    public Device Device => ((Convolution2d)layers[0]).Weight.device;

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = layers[0].call(input);
        foreach (var layer in layers.Skip(1))
            x = layer.Consume(x);
        return x.MoveToOuterDisposeScope();
    }
}

/// <summary>A residual block of three convolutions: <c>relu(x + conv(relu(conv(relu(conv(x))))))</c>.</summary>
internal sealed class TinyBlock : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "conv")]
    private readonly ModuleList<nn.Module<Tensor, Tensor>> layers;

    public TinyBlock(int width, Device device)
        : base(nameof(TinyBlock))
    {
        layers = nn.ModuleList<nn.Module<Tensor, Tensor>>([Convolution(), nn.ReLU(), Convolution(), nn.ReLU(), Convolution()]);
        RegisterComponents();

        Convolution2d Convolution() => new(width, width, kernelSize: 3, device, padding: 1);
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var change = layers[0].call(x);
        foreach (var layer in layers.Skip(1))
            change = layer.Consume(change);
        return change.PlusInPlace(x).relu_().MoveToOuterDisposeScope();
    }
}

using System.Text.Json;
using ImgAlign.Checkpoints;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Vae;

/// <summary>Sizes of an autoencoder, and how a diffusion network's latents follow from its own.</summary>
public abstract record AutoencoderConfig
{
    /// <summary>Channels of a picture that is encoded.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of a picture that is decoded.</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary>Channels of the latents.</summary>
    public int LatentChannels { get; init; } = 4;

    /// <summary>What latents are multiplied by for the diffusion network.</summary>
    public double ScalingFactor { get; init; } = 1;

    /// <summary>What is taken from latents before they are scaled; null for nothing.</summary>
    public double? ShiftFactor { get; init; }

    /// <summary>Whether it overflows in float16, so that it must run in a wider type.</summary>
    public bool ForceUpcast { get; init; }

    /// <summary>Pixels along one edge of a latent.</summary>
    public abstract int PixelsPerLatent { get; }

    /// <summary>The most channels that the decoder has at the picture's own resolution.</summary>
    public abstract int DecoderChannels { get; }

    /// <summary>The most channels that the encoder has at the picture's own resolution.</summary>
    public abstract int EncoderChannels { get; }

    /// <summary>Makes the network; its weights are uninitialised.</summary>
    /// <param name="device">Where its weights are.</param>
    /// <param name="parts">Which halves to build.</param>
    public abstract Autoencoder Create(Device device, AutoencoderParts parts);

    /// <summary>A diffusion network's latents of what <see cref="Autoencoder.EncodeMoments"/> gives.</summary>
    /// <param name="moments"><c>[B, k, h, w]</c>.</param>
    /// <param name="noise">Unit normal, <c>[B, C, h, w]</c>, for autoencoders whose latents are drawn.</param>
    /// <returns><c>[B, C, h, w]</c>, float32; a new tensor.</returns>
    public abstract Tensor DrawLatents(Tensor moments, Tensor noise);

    /// <summary>The autoencoder's own latents of those that a diffusion network makes: scale and shift taken back. A new tensor.</summary>
    public Tensor ToAutoencoder(Tensor latents) =>
        ShiftFactor is { } shift ? latents.DividedBy(ScalingFactor).PlusInPlace(shift) : latents.DividedBy(ScalingFactor);

    /// <summary>Latents for a diffusion network of the autoencoder's own: shifted, then scaled. A new tensor.</summary>
    public Tensor ToDiffusion(Tensor latents) =>
        ShiftFactor is { } shift ? latents.Minus(shift).TimesInPlace(ScalingFactor) : latents.Times(ScalingFactor);

    /// <summary>Reads the <c>config.json</c> of an autoencoder, whichever class it names.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing, broken, or asks for what is not known here.</exception>
    public static AutoencoderConfig Read(string path)
    {
        var json = ConfigFile.ReadJson(path);
        return
            json.TryGetProperty("_class_name", out var name)
            && name.ValueKind == JsonValueKind.String
            && name.GetString() == nameof(AutoencoderTiny)
            ? AutoencoderTinyConfig.FromJson(json, path)
            : AutoencoderKlConfig.FromJson(json, path);
    }
}

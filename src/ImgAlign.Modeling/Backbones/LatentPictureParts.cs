using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>What stands between pictures and a diffusion network's latents, read and checked.</summary>
/// <param name="Family">The family's name, for messages.</param>
/// <param name="Decoder">Makes the final pictures.</param>
/// <param name="Encoder">Makes latents of pictures; null where the VAE has no encoder.</param>
/// <param name="Previews">Makes previews; null where the decoder does.</param>
/// <param name="Tiling">When and how they work tile by tile.</param>
internal sealed record LatentPictureParts(
    string Family,
    AutoencoderHalf Decoder,
    AutoencoderHalf? Encoder,
    AutoencoderHalf? Previews,
    PictureTiling Tiling
)
{
    /// <summary>Reads what the options name.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="vae">The model's VAE.</param>
    /// <param name="family">The family's name, for messages.</param>
    /// <param name="options">The options.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or options do not fit each other.</exception>
    public static LatentPictureParts Read(DeviceRuntime runtime, AutoencoderFiles vae, string family, DiffusionOptions options)
    {
        var tiny = options.TinyVaePath is { } path ? AutoencoderFiles.FindTiny($"{family} tiny VAE", path) : null;
        if (tiny is not null)
            RequireFit(tiny.Config, vae.Config);
        if (tiny is null && options.Decoder == PictureDecoder.Tiny)
            throw new ImgAlignException(
                $"{nameof(DiffusionOptions.Decoder)} is {nameof(PictureDecoder.Tiny)}, but there is no tiny autoencoder: set "
                    + $"{nameof(DiffusionOptions.TinyVaePath)} (--tiny-vae) to one, such as madebyollin/taesdxl, or "
                    + "madebyollin/taef1 for FLUX.1."
            );
        var decodes = options.Decoder == PictureDecoder.Tiny ? tiny! : vae;
        return new(
            family,
            Half(decodes, decodes.Decoder()),
            vae.Encoder() is { } encoder ? Half(vae, encoder) : null,
            tiny is null || tiny == decodes ? null : Half(tiny, tiny.Decoder()),
            new PictureTiling(options, vae.Config)
        );

        AutoencoderHalf Half(AutoencoderFiles files, ModelSource<Autoencoder> source) =>
            new(source, files.Config, TypeOf(files.Config, options.VaePrecision, runtime));
    }

    private static ScalarType TypeOf(AutoencoderConfig config, Precision precision, DeviceRuntime runtime)
    {
        if (precision == Precision.Auto)
            return config.ForceUpcast ? float32 : runtime.Type;
        if (precision == Precision.Float16 && config.ForceUpcast)
            throw new ImgAlignException(
                $"{nameof(DiffusionOptions.VaePrecision)} is {precision}, in which this VAE overflows (force_upcast in its config.json); "
                    + $"use {Precision.BFloat16} or {Precision.Float32}."
            );
        return runtime.TypeOf(precision);
    }

    private static void RequireFit(AutoencoderConfig tiny, AutoencoderConfig vae)
    {
        if (tiny.LatentChannels != vae.LatentChannels || tiny.PixelsPerLatent != vae.PixelsPerLatent)
            throw new ImgAlignException(
                $"The tiny autoencoder has {tiny.LatentChannels} latent channels of {tiny.PixelsPerLatent} pixels, but the model's VAE has "
                    + $"{vae.LatentChannels} of {vae.PixelsPerLatent}; take TAESDXL for SDXL, and TAEF1 for FLUX.1."
            );
    }
}

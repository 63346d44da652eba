using System.Text.Json;
using ImgAlign.Checkpoints;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Vae;

/// <summary>Sizes of a tiny autoencoder, with the defaults of diffusers' <c>AutoencoderTiny</c>: those of TAESDXL and TAEF1.</summary>
public sealed record AutoencoderTinyConfig : AutoencoderConfig
{
    /// <summary>Channels of each of the encoder's resolutions, from the finest; all alike.</summary>
    public IReadOnlyList<int> EncoderBlockOutChannels { get; init; } = [64, 64, 64, 64];

    /// <summary>Channels of each of the decoder's resolutions, from the coarsest; all alike, and the encoder's.</summary>
    public IReadOnlyList<int> DecoderBlockOutChannels { get; init; } = [64, 64, 64, 64];

    /// <summary>Residual blocks of each of the encoder's resolutions.</summary>
    public IReadOnlyList<int> NumEncoderBlocks { get; init; } = [1, 3, 3, 3];

    /// <summary>Residual blocks of each of the decoder's resolutions.</summary>
    public IReadOnlyList<int> NumDecoderBlocks { get; init; } = [3, 3, 3, 1];

    /// <summary>The activation; only ReLU is known.</summary>
    public string ActFn { get; init; } = "relu";

    /// <summary>The decoder's way to a finer resolution; only <c>nearest</c> is known.</summary>
    public string UpsampleFn { get; init; } = "nearest";

    /// <summary>How much finer each of the decoder's resolutions is; only 2 is known.</summary>
    public int UpsamplingScalingFactor { get; init; } = 2;

    /// <summary>Channels of all feature maps.</summary>
    public int Width => DecoderBlockOutChannels[0];

    /// <inheritdoc/>
    public override int PixelsPerLatent => 1 << (DecoderBlockOutChannels.Count - 1);

    /// <inheritdoc/>
    public override int DecoderChannels => Width;

    /// <inheritdoc/>
    public override int EncoderChannels => Width;

    /// <inheritdoc/>
    public override Autoencoder Create(Device device, AutoencoderParts parts) => new AutoencoderTiny(this, device, parts);

    /// <summary>There is nothing to draw: pictures have one value of each latent.</summary>
    /// <inheritdoc/>
    public override Tensor DrawLatents(Tensor moments, Tensor noise) => ToDiffusion(moments.to(float32));

    /// <summary>Reads a configuration.</summary>
    /// <param name="json">The object with the fields.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="ImgAlignException">A field is broken or asks for what is not known here.</exception>
    public static AutoencoderTinyConfig FromJson(JsonElement json, string source)
    {
        var config = ConfigFile.Parse<AutoencoderTinyConfig>(json, source);
        var widths = config.EncoderBlockOutChannels.Concat(config.DecoderBlockOutChannels).ToList();
        if (
            config.DecoderBlockOutChannels.Count < 1
            || config.EncoderBlockOutChannels.Count != config.DecoderBlockOutChannels.Count
            || config.NumEncoderBlocks.Count != config.EncoderBlockOutChannels.Count
            || config.NumDecoderBlocks.Count != config.DecoderBlockOutChannels.Count
        )
            throw new ImgAlignException(
                $"{source}: encoder_block_out_channels, decoder_block_out_channels, num_encoder_blocks and num_decoder_blocks must have "
                    + "the same number of entries."
            );
        if (widths.Distinct().Count() > 1)
            throw new ImgAlignException(
                $"{source}: encoder_block_out_channels and decoder_block_out_channels must be all the same number."
            );
        if (config is not { ActFn: "relu", UpsampleFn: "nearest", UpsamplingScalingFactor: 2 })
            throw new ImgAlignException(
                $"{source}: act_fn {config.ActFn}, upsample_fn {config.UpsampleFn} and upsampling_scaling_factor "
                    + $"{config.UpsamplingScalingFactor} are not known here together; relu, nearest and 2 are."
            );
        int[] sizes =
        [
            config.Width,
            config.InChannels,
            config.OutChannels,
            config.LatentChannels,
            .. config.NumEncoderBlocks,
            .. config.NumDecoderBlocks,
        ];
        if (sizes.Any(static size => size < 1) || config.ScalingFactor == 0)
            throw new ImgAlignException($"{source}: channels, blocks and scaling_factor must be positive.");
        return config;
    }

    /// <summary>The configuration of a file that has none beside it: channels are those of its tensors, and blocks as published.</summary>
    /// <param name="file">The file: a half in the authors' layout, or both in diffusers'.</param>
    /// <exception cref="CheckpointException">The file holds no tiny autoencoder.</exception>
    public static AutoencoderTinyConfig FromShapes(Checkpoint file)
    {
        var config = new AutoencoderTinyConfig();
        var (decoder, encoder) = (AutoencoderTinyNames.DecoderEnds(file), AutoencoderTinyNames.EncoderEnds(file));
        if (decoder is var (first, last))
            config = config with { LatentChannels = (int)first[1], OutChannels = (int)last[0] };
        if (encoder is var (entry, exit))
            config = config with { InChannels = (int)entry[1], LatentChannels = (int)exit[0] };
        var width =
            (decoder ?? encoder)?.First[0] ?? throw new CheckpointException(file.Source, "holds no tiny autoencoder (TAESDXL, TAEF1).");
        int[] widths = [.. Enumerable.Repeat((int)width, config.NumDecoderBlocks.Count)];
        return config with { EncoderBlockOutChannels = widths, DecoderBlockOutChannels = widths };
    }
}

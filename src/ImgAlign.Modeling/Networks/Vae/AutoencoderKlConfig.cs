using System.Text.Json;
using ImgAlign.Checkpoints;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Vae;

/// <summary>Sizes of the variational autoencoder between pictures and latents, with the defaults of diffusers'
/// <c>AutoencoderKL</c>.</summary>
public sealed record AutoencoderKlConfig : AutoencoderConfig
{
    /// <summary>The defaults of diffusers.</summary>
    public AutoencoderKlConfig() => (ScalingFactor, ForceUpcast) = (0.18215, true);

    /// <summary>The encoder's blocks, each at half the resolution of the one before.</summary>
    public IReadOnlyList<string> DownBlockTypes { get; init; } = [DownBlock];

    /// <summary>The decoder's blocks, each at twice the resolution of the one before.</summary>
    public IReadOnlyList<string> UpBlockTypes { get; init; } = [UpBlock];

    /// <summary>Channels of each encoder block, from the finest resolution; the decoder has them reversed.</summary>
    public IReadOnlyList<int> BlockOutChannels { get; init; } = [64];

    /// <summary>Residual blocks in an encoder block; a decoder block has one more.</summary>
    public int LayersPerBlock { get; init; } = 1;

    /// <summary>The activation; only SiLU is known.</summary>
    public string ActFn { get; init; } = "silu";

    /// <summary>Groups of the group norms.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>Not supported: a mean for each channel.</summary>
    public IReadOnlyList<double>? LatentsMean { get; init; }

    /// <summary>Whether a 1x1 convolution follows the encoder.</summary>
    public bool UseQuantConv { get; init; } = true;

    /// <summary>Whether a 1x1 convolution precedes the decoder.</summary>
    public bool UsePostQuantConv { get; init; } = true;

    /// <summary>Whether the coarsest resolution has self-attention.</summary>
    public bool MidBlockAddAttention { get; init; } = true;

    /// <inheritdoc/>
    public override int PixelsPerLatent => 1 << (BlockOutChannels.Count - 1);

    /// <summary>Those with which the decoder's last block begins.</summary>
    public override int DecoderChannels => BlockOutChannels[Math.Min(1, BlockOutChannels.Count - 1)];

    /// <inheritdoc/>
    public override int EncoderChannels => BlockOutChannels[0];

    /// <inheritdoc/>
    public override Autoencoder Create(Device device, AutoencoderParts parts) => new AutoencoderKl(this, device, parts);

    /// <summary>A draw from the normal distribution that the moments are of.</summary>
    /// <inheritdoc/>
    public override Tensor DrawLatents(Tensor moments, Tensor noise)
    {
        using var scope = NewDisposeScope();
        var (mean, logVariance) = AutoencoderKl.Split(moments);
        var deviation = logVariance.to(float32).TimesInPlace(0.5).exp();
        return ToDiffusion(mean.to(float32).PlusProduct(deviation, noise)).MoveToOuterDisposeScope();
    }

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing, broken, or asks for what is not known here.</exception>
    public static new AutoencoderKlConfig Read(string path) => FromJson(ConfigFile.ReadJson(path), path);

    /// <summary>Reads a configuration, with diffusers' names or those of FLUX's authors (<c>AutoEncoderParams</c>).</summary>
    /// <param name="json">The object with the fields.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="ImgAlignException">A field is broken or asks for what is not known here.</exception>
    public static AutoencoderKlConfig FromJson(JsonElement json, string source)
    {
        var config = json.TryGetProperty("ch_mult", out _)
            ? ConfigFile.Parse<AuthorsConfig>(json, source).Convert()
            : ConfigFile.Parse<AutoencoderKlConfig>(json, source);
        var blocks = config.BlockOutChannels.Count;
        if (blocks < 1 || config.DownBlockTypes.Count != blocks || config.UpBlockTypes.Count != blocks)
            throw new ImgAlignException(
                $"{source}: down_block_types, up_block_types and block_out_channels must have the same number of entries."
            );
        if (config.DownBlockTypes.Concat(config.UpBlockTypes).FirstOrDefault(type => type is not (DownBlock or UpBlock)) is { } unknown)
            throw new ImgAlignException($"{source}: block type {unknown} is not known here; {DownBlock} and {UpBlock} are.");
        if (config.ActFn is not ("silu" or "swish"))
            throw new ImgAlignException($"{source}: act_fn {config.ActFn} is not known here; silu is.");
        if (config.LatentsMean is not null)
            throw new ImgAlignException($"{source}: latents_mean is not known here; scaling_factor and shift_factor are.");
        if (config.NormNumGroups < 1 || config.BlockOutChannels.Any(channels => channels < 1 || channels % config.NormNumGroups != 0))
            throw new ImgAlignException(
                $"{source}: each of block_out_channels must be a multiple of norm_num_groups {config.NormNumGroups}."
            );
        if (
            config.LayersPerBlock < 1
            || config.InChannels < 1
            || config.OutChannels < 1
            || config.LatentChannels < 1
            || config.ScalingFactor == 0
        )
            throw new ImgAlignException(
                $"{source}: layers_per_block, in_channels, out_channels, latent_channels and scaling_factor must be positive."
            );
        return config;
    }

    private const string DownBlock = "DownEncoderBlock2D";
    private const string UpBlock = "UpDecoderBlock2D";

    // AutoEncoderParams of FLUX's authors.
    private sealed record AuthorsConfig
    {
        public int InChannels { get; init; } = 3;
        public int OutCh { get; init; } = 3;
        public int Ch { get; init; } = 128;
        public IReadOnlyList<int> ChMult { get; init; } = [1, 2, 4, 4];
        public int NumResBlocks { get; init; } = 2;
        public int ZChannels { get; init; } = 16;
        public double ScaleFactor { get; init; } = 0.3611;
        public double ShiftFactor { get; init; } = 0.1159;

        public AutoencoderKlConfig Convert() =>
            new()
            {
                InChannels = InChannels,
                OutChannels = OutCh,
                DownBlockTypes = [.. ChMult.Select(static _ => DownBlock)],
                UpBlockTypes = [.. ChMult.Select(static _ => UpBlock)],
                BlockOutChannels = [.. ChMult.Select(factor => factor * Ch)],
                LayersPerBlock = NumResBlocks,
                LatentChannels = ZChannels,
                ScalingFactor = ScaleFactor,
                ShiftFactor = ShiftFactor,
                UseQuantConv = false,
                UsePostQuantConv = false,
            };
    }
}

using System.Text.Json;
using ImgAlign.Checkpoints;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Vae;

/// <summary>Sizes of the variational autoencoder between pictures and latents, with the defaults of diffusers'
/// <c>AutoencoderKL</c>.</summary>
public sealed record AutoencoderKlConfig
{
    /// <summary>Channels of a picture that is encoded.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of a picture that is decoded.</summary>
    public int OutChannels { get; init; } = 3;

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

    /// <summary>Channels of the latents.</summary>
    public int LatentChannels { get; init; } = 4;

    /// <summary>Groups of the group norms.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>What latents are multiplied by for the diffusion network.</summary>
    public double ScalingFactor { get; init; } = 0.18215;

    /// <summary>What is taken from latents before they are scaled; null for nothing.</summary>
    public double? ShiftFactor { get; init; }

    /// <summary>Not supported: a mean for each channel.</summary>
    public IReadOnlyList<double>? LatentsMean { get; init; }

    /// <summary>Whether it overflows in float16, so that it must run in a wider type.</summary>
    public bool ForceUpcast { get; init; } = true;

    /// <summary>Whether a 1x1 convolution follows the encoder.</summary>
    public bool UseQuantConv { get; init; } = true;

    /// <summary>Whether a 1x1 convolution precedes the decoder.</summary>
    public bool UsePostQuantConv { get; init; } = true;

    /// <summary>Whether the coarsest resolution has self-attention.</summary>
    public bool MidBlockAddAttention { get; init; } = true;

    /// <summary>Pixels along one edge of a latent.</summary>
    public int PixelsPerLatent => 1 << (BlockOutChannels.Count - 1);

    /// <summary>The autoencoder's own latents of those that a diffusion network makes: scale and shift taken back. A new tensor.</summary>
    public Tensor ToAutoencoder(Tensor latents) =>
        ShiftFactor is { } shift ? latents.DividedBy(ScalingFactor).PlusInPlace(shift) : latents.DividedBy(ScalingFactor);

    /// <summary>Latents for a diffusion network of the autoencoder's own: shifted, then scaled. A new tensor.</summary>
    public Tensor ToDiffusion(Tensor latents) =>
        ShiftFactor is { } shift ? latents.Minus(shift).TimesInPlace(ScalingFactor) : latents.Times(ScalingFactor);

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing, broken, or asks for what is not known here.</exception>
    public static AutoencoderKlConfig Read(string path) => FromJson(ConfigFile.ReadJson(path), path);

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

using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.ZImage;

/// <summary>
/// Sizes of a Z-Image transformer: the <c>config.json</c> of diffusers' <c>ZImageTransformer2DModel</c>, with the published model's values
/// as defaults, or what a file in the authors' layout itself tells.
/// </summary>
public sealed record ZImageConfig
{
    /// <summary>Sequences are lengthened to a multiple of this.</summary>
    public const int SequenceMultiple = 32;

    /// <summary>The side of a token in latents.</summary>
    public const int PatchSize = 2;

    private const int UsualHeadWidth = 128;

    /// <summary>Channels of the latents.</summary>
    public int InChannels { get; init; } = 16;

    /// <summary>Width of the tokens, w.</summary>
    public int Dim { get; init; } = 3840;

    /// <summary>The number of blocks that see picture and caption.</summary>
    public int NLayers { get; init; } = 30;

    /// <summary>The number of blocks that see the picture alone, and of those that see the caption alone.</summary>
    public int NRefinerLayers { get; init; } = 2;

    /// <summary>The number of attention heads.</summary>
    public int NHeads { get; init; } = 30;

    /// <summary>Epsilon of the blocks' norms.</summary>
    public double NormEps { get; init; } = 1e-5;

    /// <summary>Whether queries and keys are normed; only true is known.</summary>
    public bool QkNorm { get; init; } = true;

    /// <summary>Width of a caption token's features.</summary>
    public int CapFeatDim { get; init; } = 2560;

    /// <summary>The base of the rotation's frequencies.</summary>
    public double RopeTheta { get; init; } = 256;

    /// <summary>What times from 0 to 1 are multiplied by before they are embedded.</summary>
    public double TScale { get; init; } = 1000;

    /// <summary>How a head's width is shared out among the axes: caption or frame, row, column.</summary>
    public IReadOnlyList<int> AxesDims { get; init; } = [32, 48, 48];

    /// <summary>The number of positions on each axis.</summary>
    public IReadOnlyList<int> AxesLens { get; init; } = [1536, 512, 512];

    /// <summary>The sides of patches that there are embedders for.</summary>
    public IReadOnlyList<int> AllPatchSize { get; init; } = [PatchSize];

    /// <summary>The frames of patches that there are embedders for.</summary>
    public IReadOnlyList<int> AllFPatchSize { get; init; } = [1];

    /// <summary>Width of a picture prompt's features, which only Z-Image-Omni has; null: none.</summary>
    public int? SiglipFeatDim { get; init; }

    /// <summary>Width of a head.</summary>
    [JsonIgnore]
    public int HeadWidth => Dim / NHeads;

    /// <summary>Width inside a feed-forward: cut, not rounded.</summary>
    [JsonIgnore]
    public int InnerWidth => (int)(Dim / 3.0 * 8);

    /// <summary>Width of an image token before it is embedded.</summary>
    [JsonIgnore]
    public int PatchWidth => InChannels * PatchSize * PatchSize;

    /// <summary>Width of the embedding of a time.</summary>
    [JsonIgnore]
    public int TimeWidth => Math.Min(Dim, 256);

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing, broken, or asks for what is not known here.</exception>
    public static ZImageConfig Read(string path) => FromJson(ConfigFile.ReadJson(path), path);

    /// <summary>Reads a configuration.</summary>
    /// <param name="json">The object with the fields.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="ImgAlignException">A field is broken or asks for what is not known here.</exception>
    public static ZImageConfig FromJson(JsonElement json, string source) => ConfigFile.Parse<ZImageConfig>(json, source).Validate(source);

    /// <summary>The configuration that a file in the authors' layout tells by its shapes; heads are as wide as the published ones.</summary>
    /// <param name="part">The transformer's tensors; no data is read.</param>
    /// <exception cref="ImgAlignException">It is not such a file.</exception>
    public static ZImageConfig FromShapes(Checkpoint part)
    {
        var (embedder, caption) = (Shape("x_embedder.weight"), Shape("cap_embedder.1.weight"));
        return new ZImageConfig
        {
            Dim = (int)embedder[0],
            InChannels = (int)embedder[1] / (PatchSize * PatchSize),
            CapFeatDim = (int)caption[1],
            NHeads = (int)embedder[0] / UsualHeadWidth,
            NLayers = Count("layers."),
            NRefinerLayers = Count("context_refiner."),
        }.Validate(part.Source);

        IReadOnlyList<long> Shape(string name) =>
            part.Tensors.TryGetValue(name, out var info) && info.Shape.Count == 2
                ? info.Shape
                : throw part.Fault(
                    name,
                    "is not there as a matrix; is this a Z-Image transformer, such as z_image_turbo_bf16.safetensors?"
                );

        int Count(string prefix) =>
            part
                .Tensors.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
                .Select(static name => name.Split('.')[1])
                .Distinct()
                .Count();
    }

    private ZImageConfig Validate(string source)
    {
        if (new[] { InChannels, Dim, NHeads, CapFeatDim }.Min() < 1 || NLayers < 0 || NRefinerLayers < 0 || Dim % NHeads != 0)
            throw new ImgAlignException($"{source}: widths and heads must be positive, and n_heads {NHeads} must share out dim {Dim}.");
        if (!QkNorm || !AllPatchSize.SequenceEqual([PatchSize]) || !AllFPatchSize.SequenceEqual([1]))
            throw new ImgAlignException(
                $"{source}: qk_norm, all_patch_size and all_f_patch_size must be true, [2] and [1], as in Z-Image; others are not known here."
            );
        if (SiglipFeatDim is not null)
            throw new ImgAlignException(
                $"{source}: siglip_feat_dim is of Z-Image-Omni, which is not known here; take Z-Image or its Turbo."
            );
        if (AxesDims.Count != 3 || AxesLens.Count != 3 || AxesDims.Sum() != HeadWidth || AxesDims.Any(static width => width % 2 != 0))
            throw new ImgAlignException(
                $"{source}: axes_dims {string.Join(" + ", AxesDims)} must be three even numbers that add up to a head's width {HeadWidth}, "
                    + "and axes_lens three lengths."
            );
        return this;
    }
}

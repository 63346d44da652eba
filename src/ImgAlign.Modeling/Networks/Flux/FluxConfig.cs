using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Flux;

/// <summary>
/// Sizes of a FLUX.1 transformer: the <c>config.json</c> of diffusers' <c>FluxTransformer2DModel</c>, with that class's defaults, or what
/// the authors' file itself tells.
/// </summary>
public sealed record FluxConfig
{
    /// <summary>Width of an image token, which is a square of latents.</summary>
    public int InChannels { get; init; } = 64;

    /// <summary>Width of a predicted image token; null: the same.</summary>
    public int? OutChannels { get; init; }

    /// <summary>The number of double blocks, which keep text and image apart but for their attention.</summary>
    public int NumLayers { get; init; } = 19;

    /// <summary>The number of single blocks.</summary>
    public int NumSingleLayers { get; init; } = 38;

    /// <summary>Width of an attention head.</summary>
    public int AttentionHeadDim { get; init; } = 128;

    /// <summary>The number of attention heads.</summary>
    public int NumAttentionHeads { get; init; } = 24;

    /// <summary>Width of a text token.</summary>
    public int JointAttentionDim { get; init; } = 4096;

    /// <summary>Width of the pooled text features.</summary>
    public int PooledProjectionDim { get; init; } = 768;

    /// <summary>Whether the guidance scale is an input (FLUX.1-dev), or not (FLUX.1-schnell).</summary>
    public bool GuidanceEmbeds { get; init; }

    /// <summary>How a head's width is shared out among the axes of a position: what the authors leave at 0, row, column.</summary>
    public IReadOnlyList<int> AxesDimsRope { get; init; } = [16, 56, 56];

    /// <summary>The side of the patches that the network itself makes; only 1 is known, for patches are made outside.</summary>
    public int PatchSize { get; init; } = 1;

    /// <summary>The base of the rotation's frequencies; not in diffusers' files.</summary>
    public double Theta { get; init; } = 10000;

    /// <summary>Width inside a feed-forward, in widths of the tokens; not in diffusers' files.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>Width of the tokens inside.</summary>
    [JsonIgnore]
    public int Width => NumAttentionHeads * AttentionHeadDim;

    /// <summary>Width inside a feed-forward.</summary>
    [JsonIgnore]
    public int MlpWidth => (int)(Width * MlpRatio);

    /// <summary>Reads a <c>config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing, broken, or asks for what is not known here.</exception>
    public static FluxConfig Read(string path) => FromJson(ConfigFile.ReadJson(path), path);

    /// <summary>Reads a configuration, with diffusers' names or the authors' (<c>FluxParams</c>).</summary>
    /// <param name="json">The object with the fields.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="ImgAlignException">A field is broken or asks for what is not known here.</exception>
    public static FluxConfig FromJson(JsonElement json, string source)
    {
        var config = json.TryGetProperty("context_in_dim", out _)
            ? ConfigFile.Parse<AuthorsConfig>(json, source).Convert(source)
            : ConfigFile.Parse<FluxConfig>(json, source);
        return config.Validate(source);
    }

    /// <summary>The configuration that a file in the authors' layout tells by its shapes; the axes are shared out as in all published
    /// models.</summary>
    /// <param name="checkpoint">The file; no data is read.</param>
    /// <exception cref="ImgAlignException">It is not such a file.</exception>
    public static FluxConfig FromShapes(Checkpoint checkpoint)
    {
        var headWidth = (int)Shape(Array.Find(FluxNames.QueryNorms, checkpoint.Tensors.ContainsKey) ?? FluxNames.QueryNorms[0])[0];
        var (imageIn, textIn, vectorIn) = (Shape("img_in.weight"), Shape("txt_in.weight"), Shape("vector_in.in_layer.weight"));
        return new FluxConfig
        {
            InChannels = (int)imageIn[^1],
            OutChannels = (int)Shape("final_layer.linear.weight")[0],
            NumLayers = Count("double_blocks."),
            NumSingleLayers = Count("single_blocks."),
            AttentionHeadDim = headWidth,
            NumAttentionHeads = (int)imageIn[0] / headWidth,
            JointAttentionDim = (int)textIn[^1],
            PooledProjectionDim = (int)vectorIn[^1],
            GuidanceEmbeds = FluxNames.HasGuidance(checkpoint),
            AxesDimsRope = [headWidth / 8, headWidth / 16 * 7, headWidth / 16 * 7],
            MlpRatio = (double)Shape("double_blocks.0.img_mlp.0.weight")[0] / imageIn[0],
        }.Validate(checkpoint.Source);

        IReadOnlyList<long> Shape(string name) =>
            checkpoint.Tensors.TryGetValue(name, out var info) && info.Shape.Count > 0
                ? info.Shape
                : throw checkpoint.Fault(
                    name,
                    "is missing; is this a FLUX.1 transformer in the authors' layout, such as flux1-dev.safetensors?"
                );

        int Count(string prefix) =>
            checkpoint
                .Tensors.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
                .Select(name => name.Split('.')[1])
                .Distinct()
                .Count();
    }

    private FluxConfig Validate(string source)
    {
        if (
            new[]
            {
                InChannels,
                OutChannels ?? InChannels,
                AttentionHeadDim,
                NumAttentionHeads,
                JointAttentionDim,
                PooledProjectionDim,
                MlpWidth,
            }.Min() < 1
            || NumLayers < 0
            || NumSingleLayers < 0
        )
            throw new ImgAlignException($"{source}: channels, widths and heads must be positive, and numbers of layers not negative.");
        if (PatchSize != 1)
            throw new ImgAlignException($"{source}: patch_size {PatchSize} is not known here; 1 is, as in FLUX.1.");
        if (AxesDimsRope.Sum() != AttentionHeadDim || AxesDimsRope.Any(width => width < 2 || width % 2 != 0))
            throw new ImgAlignException(
                $"{source}: axes_dims_rope {string.Join(" + ", AxesDimsRope)} must be even numbers that add up to "
                    + $"attention_head_dim {AttentionHeadDim}."
            );
        return this;
    }

    // FluxParams of the authors' code.
    private sealed record AuthorsConfig
    {
        public int InChannels { get; init; } = 64;
        public int? OutChannels { get; init; }
        public int VecInDim { get; init; } = 768;
        public int ContextInDim { get; init; } = 4096;
        public int HiddenSize { get; init; } = 3072;
        public double MlpRatio { get; init; } = 4;
        public int NumHeads { get; init; } = 24;
        public int Depth { get; init; } = 19;
        public int DepthSingleBlocks { get; init; } = 38;
        public IReadOnlyList<int> AxesDim { get; init; } = [16, 56, 56];
        public double Theta { get; init; } = 10000;
        public bool QkvBias { get; init; } = true;
        public bool GuidanceEmbed { get; init; }

        public FluxConfig Convert(string source)
        {
            if (!QkvBias)
                throw new ImgAlignException($"{source}: qkv_bias false is not known here; FLUX.1 has true.");
            if (NumHeads < 1 || HiddenSize % NumHeads != 0)
                throw new ImgAlignException($"{source}: hidden_size {HiddenSize} is not a multiple of num_heads {NumHeads}.");
            return new FluxConfig
            {
                InChannels = InChannels,
                OutChannels = OutChannels,
                NumLayers = Depth,
                NumSingleLayers = DepthSingleBlocks,
                AttentionHeadDim = HiddenSize / NumHeads,
                NumAttentionHeads = NumHeads,
                JointAttentionDim = ContextInDim,
                PooledProjectionDim = VecInDim,
                GuidanceEmbeds = GuidanceEmbed,
                AxesDimsRope = AxesDim,
                Theta = Theta,
                MlpRatio = MlpRatio,
            };
        }
    }
}

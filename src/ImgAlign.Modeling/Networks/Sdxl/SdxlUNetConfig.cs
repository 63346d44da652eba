using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Sdxl;

/// <summary>
/// The <c>config.json</c> of an SDXL UNet (diffusers <c>UNet2DConditionModel</c>); absent fields have that class's defaults. Fields of the
/// file that would change the computation in a way that this library does not have are refused by <see cref="Read"/>.
/// </summary>
public sealed record SdxlUNetConfig
{
    /// <summary>Height and width of the latents that it was trained on; one number for squares.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public IReadOnlyList<int>? SampleSize { get; init; }

    /// <summary>Channels of the latents.</summary>
    public int InChannels { get; init; } = 4;

    /// <summary>Channels of the prediction.</summary>
    public int OutChannels { get; init; } = 4;

    /// <summary>Whether sinusoidal embeddings hold the cosines before the sines.</summary>
    public bool FlipSinToCos { get; init; } = true;

    /// <summary>What is subtracted from half the width of a sinusoidal embedding in its exponents.</summary>
    public double FreqShift { get; init; }

    /// <summary><c>DownBlock2D</c> or <c>CrossAttnDownBlock2D</c> for each resolution, finest first.</summary>
    public IReadOnlyList<string> DownBlockTypes { get; init; } =
    ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"];

    /// <summary><c>UNetMidBlock2DCrossAttn</c>, or <c>UNetMidBlock2D</c> for one residual block without attention.</summary>
    public string? MidBlockType { get; init; } = "UNetMidBlock2DCrossAttn";

    /// <summary><c>UpBlock2D</c> or <c>CrossAttnUpBlock2D</c> for each resolution, coarsest first.</summary>
    public IReadOnlyList<string> UpBlockTypes { get; init; } =
    ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"];

    /// <summary>Channels at each resolution, finest first.</summary>
    public IReadOnlyList<int> BlockOutChannels { get; init; } = [320, 640, 1280, 1280];

    /// <summary>Residual blocks of each down block; one number for all. Up blocks have one more.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public IReadOnlyList<int> LayersPerBlock { get; init; } = [2];

    /// <summary>
    /// Transformer layers behind the residual blocks of each down block: one number for all blocks, one a block, or a list a block with one
    /// a residual block. The mid block has the last one.
    /// </summary>
    [JsonConverter(typeof(NestedCountsConverter))]
    public IReadOnlyList<IReadOnlyList<int>> TransformerLayersPerBlock { get; init; } =
    [
        [1],
    ];

    /// <summary>The channels of all cross attentions together: what a token of text has of keys, and as much of values.</summary>
    public long CrossAttentionChannels => UNetPlan.Of(this).CrossAttentionWidths.Sum();

    /// <summary>The same for the up blocks, coarsest first; null: <see cref="TransformerLayersPerBlock"/> in reverse.</summary>
    [JsonConverter(typeof(NestedCountsConverter))]
    public IReadOnlyList<IReadOnlyList<int>>? ReverseTransformerLayersPerBlock { get; init; }

    /// <summary>The number of attention <b>heads</b> of each down block (published files call it so), one number for all.</summary>
    [JsonConverter(typeof(OneOrManyConverter))]
    public IReadOnlyList<int> AttentionHeadDim { get; init; } = [8];

    /// <summary>Width of the text features and of image-prompt features.</summary>
    public int CrossAttentionDim { get; init; } = 1280;

    /// <summary>Whether transformers begin and end with linear layers on tokens; false: with 1x1 convolutions.</summary>
    public bool UseLinearProjection { get; init; }

    /// <summary>Groups of each group normalisation.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>The eps of the residual blocks' and the last normalisation. Transformers have 1e-6.</summary>
    public double NormEps { get; init; } = 1e-5;

    /// <summary>Width of the time embedding; null: four times the first block's channels.</summary>
    public int? TimeEmbeddingDim { get; init; }

    /// <summary>Width of the sinusoidal embedding of each time id.</summary>
    public int AdditionTimeEmbedDim { get; init; } = 256;

    /// <summary>Width of pooled text features and all embedded time ids together.</summary>
    public int ProjectionClassEmbeddingsInputDim { get; init; } = 2816;

    /// <summary>Width of the time embedding.</summary>
    [JsonIgnore]
    public int TimeEmbeddingWidth => TimeEmbeddingDim ?? BlockOutChannels[0] * 4;

    /// <summary>Reads and checks a <c>config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing or broken, or describes a network that this library does not
    /// have.</exception>
    public static SdxlUNetConfig Read(string path) => FromJson(ConfigFile.ReadJson(path), path);

    /// <summary>Reads and checks a configuration that is already open.</summary>
    /// <param name="json">The object with the fields.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="ImgAlignException">It describes a network that this library does not have.</exception>
    public static SdxlUNetConfig FromJson(JsonElement json, string source)
    {
        var config = ConfigFile.Parse<SdxlUNetConfig>(json, source);
        foreach (var (field, supported) in OnlySupportedValues)
        {
            var value = json.TryGetProperty(field, out var found) ? found : default;
            var isAbsent = value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;
            if (isAbsent ? field == "addition_embed_type" : !JsonElement.DeepEquals(value, supported))
                throw new ImgAlignException(
                    $"{source}: {field} is {(isAbsent ? "absent" : value.GetRawText())}, but this library's SDXL UNet has "
                        + $"{supported.GetRawText()}; use a checkpoint of SDXL."
                );
        }
        if (UNetPlan.FindProblem(config) is { } problem)
            throw new ImgAlignException($"{source}: {problem}");
        return config;
    }

    // What diffusers can vary beyond the properties above: null is allowed everywhere but in addition_embed_type, and means the default.
    private static readonly Dictionary<string, JsonElement> OnlySupportedValues = JsonSerializer.Deserialize<
        Dictionary<string, JsonElement>
    >(
        """
        {
          "act_fn": "silu", "addition_embed_type": "text_time", "attention_type": "default", "center_input_sample": false,
          "class_embed_type": null, "class_embeddings_concat": false, "conv_in_kernel": 3, "conv_out_kernel": 3,
          "cross_attention_norm": null, "downsample_padding": 1, "dual_cross_attention": false, "encoder_hid_dim": null,
          "encoder_hid_dim_type": null, "mid_block_only_cross_attention": false, "mid_block_scale_factor": 1,
          "num_attention_heads": null, "num_class_embeds": null, "only_cross_attention": false, "resnet_out_scale_factor": 1,
          "resnet_skip_time_act": false, "resnet_time_scale_shift": "default", "time_cond_proj_dim": null,
          "time_embedding_act_fn": null, "time_embedding_type": "positional", "timestep_post_act": null
        }
        """
    )!;
}

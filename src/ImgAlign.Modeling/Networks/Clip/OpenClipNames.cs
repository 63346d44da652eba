using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Clip;

/// <summary>
/// How OpenCLIP names the two towers. It packs q, k and v into one matrix, and stores the projections transposed, as tensors of their own
/// and not as a layer's weight.
/// </summary>
public static class OpenClipNames
{
    /// <summary>A tensor that only OpenCLIP's text encoder has.</summary>
    public const string TextMark = "ln_final.weight";

    private const string TextProjection = "text_projection.weight";

    /// <summary>The text encoder of a checkpoint.</summary>
    /// <exception cref="CheckpointException">There is none, or there are several.</exception>
    public static CheckpointPart FindText(Checkpoint file) => CheckpointPart.Find(file, "text encoder of OpenCLIP", new Landmark(TextMark));

    /// <summary>The image encoder of a checkpoint.</summary>
    /// <exception cref="CheckpointException">There is none, or there are several.</exception>
    public static CheckpointPart FindVision(Checkpoint file) =>
        CheckpointPart.Find(file, "image encoder of OpenCLIP", new Landmark("conv1.weight", "visual."));

    /// <summary>The names of a text encoder's parameters.</summary>
    /// <param name="part">Its tensors; those of the image encoder beside it are left alone.</param>
    public static WeightMap Text(Checkpoint part)
    {
        WeightSource projection = part.Tensors.ContainsKey(TextProjection)
            ? new WeightSource.Whole(TextProjection)
            : new WeightSource.Transposed("text_projection");
        return new WeightMap(
            name =>
                name.Split('.') switch
                {
                    ["embeddings", "token_embedding", "weight"] => new WeightSource.Whole("token_embedding.weight"),
                    ["embeddings", "position_embedding", "weight"] => new WeightSource.Whole("positional_embedding"),
                    ["final_layer_norm", var kind] => new WeightSource.Whole($"ln_final.{kind}"),
                    ["text_projection", "weight"] => projection,
                    var parts => Block(name, parts),
                },
            static name =>
                name is "logit_scale" or "attn_mask"
                || name.StartsWith("visual.", StringComparison.Ordinal)
                || name.EndsWith(ClipNames.PositionIds, StringComparison.Ordinal)
        );
    }

    /// <summary>The names of an image encoder's parameters.</summary>
    public static WeightMap Vision { get; } =
        new(static name =>
            name.Split('.') switch
            {
                ["embeddings", "class_embedding"] => new WeightSource.Whole("class_embedding"),
                ["embeddings", "patch_embedding", "weight"] => new WeightSource.Whole("conv1.weight"),
                ["embeddings", "position_embedding", "weight"] => new WeightSource.Whole("positional_embedding"),
                ["pre_layrnorm", var kind] => new WeightSource.Whole($"ln_pre.{kind}"),
                ["post_layernorm", var kind] => new WeightSource.Whole($"ln_post.{kind}"),
                ["visual_projection", "weight"] => new WeightSource.Transposed("proj"),
                var parts => Block(name, parts),
            }
        );

    private static WeightSource Block(string name, string[] parts)
    {
        if (parts is not ["encoder", "layers", var number, .. var rest])
            throw Unknown();
        var block = $"transformer.resblocks.{number}";
        return rest switch
        {
            ["layer_norm1", var kind] => new WeightSource.Whole($"{block}.ln_1.{kind}"),
            ["layer_norm2", var kind] => new WeightSource.Whole($"{block}.ln_2.{kind}"),
            ["mlp", "fc1", var kind] => new WeightSource.Whole($"{block}.mlp.c_fc.{kind}"),
            ["mlp", "fc2", var kind] => new WeightSource.Whole($"{block}.mlp.c_proj.{kind}"),
            ["self_attn", "out_proj", var kind] => new WeightSource.Whole($"{block}.attn.out_proj.{kind}"),
            ["self_attn", "q_proj", var kind] => new WeightSource.RowBlock($"{block}.attn.in_proj_{kind}", 0, 3),
            ["self_attn", "k_proj", var kind] => new WeightSource.RowBlock($"{block}.attn.in_proj_{kind}", 1, 3),
            ["self_attn", "v_proj", var kind] => new WeightSource.RowBlock($"{block}.attn.in_proj_{kind}", 2, 3),
            _ => throw Unknown(),
        };

        ArgumentException Unknown() => new($"'{name}' is not a parameter of a CLIP tower.", nameof(name));
    }
}

using ImgAlign.Checkpoints;
using static ImgAlign.Checkpoints.WeightSource;

namespace ImgAlign.Networks.Flux;

/// <summary>How <see cref="FluxTransformer"/> is named in the authors' file (<c>flux1-dev.safetensors</c>), which packs
/// projections.</summary>
public static class FluxNames
{
    private const string ImageIn = "img_in.weight";

    /// <summary>The name of a query's norm in the first block, to which some tools give the usual end <c>weight</c>.</summary>
    public static readonly string[] QueryNorms =
    [
        "double_blocks.0.img_attn.norm.query_norm.scale",
        "double_blocks.0.img_attn.norm.query_norm.weight",
    ];

    /// <summary>The transformer of a checkpoint, with the authors' names or diffusers'.</summary>
    /// <exception cref="CheckpointException">There is none, or there are several.</exception>
    public static CheckpointPart Find(Checkpoint file) =>
        CheckpointPart.Find(file, "FLUX.1 transformer", new Landmark(ImageIn), new Landmark("x_embedder.weight"));

    /// <summary>Whether a checkpoint has the authors' names.</summary>
    /// <param name="checkpoint">The checkpoint; only its names are looked at.</param>
    public static bool IsAuthors(Checkpoint checkpoint) => checkpoint.Tensors.ContainsKey(ImageIn);

    /// <summary>Whether a checkpoint's transformer takes the guidance scale, as FLUX.1-dev's does and FLUX.1-schnell's does not.</summary>
    /// <param name="checkpoint">The checkpoint; only its names are looked at.</param>
    public static bool HasGuidance(Checkpoint checkpoint) =>
        checkpoint.Tensors.ContainsKey("guidance_in.in_layer.weight")
        || checkpoint.Tensors.ContainsKey("time_text_embed.guidance_embedder.linear_1.weight");

    /// <summary>From the network's names to the authors', as a file has them.</summary>
    /// <param name="config">The sizes, by which packed projections are taken apart.</param>
    /// <param name="checkpoint">The file; only its names are looked at.</param>
    public static WeightMap Authors(FluxConfig config, Checkpoint checkpoint) =>
        Authors(config, checkpoint.Tensors.ContainsKey(QueryNorms[1]) ? "weight" : "scale");

    /// <summary>From the network's names to the authors'.</summary>
    /// <param name="config">The sizes, by which packed projections are taken apart.</param>
    /// <param name="norm">The end of the names of norms within attentions.</param>
    public static WeightMap Authors(FluxConfig config, string norm = "scale") =>
        new(name =>
            name.Split('.') switch
            {
                ["x_embedder", var kind] => new Whole($"img_in.{kind}"),
                ["context_embedder", var kind] => new Whole($"txt_in.{kind}"),
                ["time_text_embed", "timestep_embedder", var layer, var kind] => new Whole($"time_in.{Embedding(layer)}.{kind}"),
                ["time_text_embed", "guidance_embedder", var layer, var kind] => new Whole($"guidance_in.{Embedding(layer)}.{kind}"),
                ["time_text_embed", "text_embedder", var layer, var kind] => new Whole($"vector_in.{Embedding(layer)}.{kind}"),
                ["transformer_blocks", var block, .. var rest] => Double($"double_blocks.{block}", rest, norm),
                ["single_transformer_blocks", var block, .. var rest] => Single($"single_blocks.{block}", rest, config, norm),
                ["norm_out", "linear", var kind] => new SwappedHalves($"final_layer.adaLN_modulation.1.{kind}"), // shift before scale
                ["proj_out", var kind] => new Whole($"final_layer.linear.{kind}"),
                _ => throw Unknown(name),
            }
        );

    private static string Embedding(string layer) => layer == "linear_1" ? "in_layer" : "out_layer";

    private static WeightSource Double(string block, string[] parts, string norm) =>
        parts switch
        {
            ["norm1", "linear", var kind] => new Whole($"{block}.img_mod.lin.{kind}"),
            ["norm1_context", "linear", var kind] => new Whole($"{block}.txt_mod.lin.{kind}"),
            ["attn", "to_q", var kind] => new RowBlock($"{block}.img_attn.qkv.{kind}", 0, 3),
            ["attn", "to_k", var kind] => new RowBlock($"{block}.img_attn.qkv.{kind}", 1, 3),
            ["attn", "to_v", var kind] => new RowBlock($"{block}.img_attn.qkv.{kind}", 2, 3),
            ["attn", "add_q_proj", var kind] => new RowBlock($"{block}.txt_attn.qkv.{kind}", 0, 3),
            ["attn", "add_k_proj", var kind] => new RowBlock($"{block}.txt_attn.qkv.{kind}", 1, 3),
            ["attn", "add_v_proj", var kind] => new RowBlock($"{block}.txt_attn.qkv.{kind}", 2, 3),
            ["attn", "norm_q", "weight"] => new Whole($"{block}.img_attn.norm.query_norm.{norm}"),
            ["attn", "norm_k", "weight"] => new Whole($"{block}.img_attn.norm.key_norm.{norm}"),
            ["attn", "norm_added_q", "weight"] => new Whole($"{block}.txt_attn.norm.query_norm.{norm}"),
            ["attn", "norm_added_k", "weight"] => new Whole($"{block}.txt_attn.norm.key_norm.{norm}"),
            ["attn", "to_out", "0", var kind] => new Whole($"{block}.img_attn.proj.{kind}"),
            ["attn", "to_add_out", var kind] => new Whole($"{block}.txt_attn.proj.{kind}"),
            ["ff", "net", "0", "proj", var kind] => new Whole($"{block}.img_mlp.0.{kind}"),
            ["ff", "net", "2", var kind] => new Whole($"{block}.img_mlp.2.{kind}"),
            ["ff_context", "net", "0", "proj", var kind] => new Whole($"{block}.txt_mlp.0.{kind}"),
            ["ff_context", "net", "2", var kind] => new Whole($"{block}.txt_mlp.2.{kind}"),
            _ => throw Unknown(string.Join('.', parts.Prepend(block))),
        };

    private static WeightSource Single(string block, string[] parts, FluxConfig config, string norm)
    {
        var (width, rows) = (config.Width, 3 * config.Width + config.MlpWidth);
        return parts switch
        {
            ["norm", "linear", var kind] => new Whole($"{block}.modulation.lin.{kind}"),
            ["attn", "to_q", var kind] => new RowRange($"{block}.linear1.{kind}", 0, rows),
            ["attn", "to_k", var kind] => new RowRange($"{block}.linear1.{kind}", width, rows),
            ["attn", "to_v", var kind] => new RowRange($"{block}.linear1.{kind}", 2 * width, rows),
            ["proj_mlp", var kind] => new RowRange($"{block}.linear1.{kind}", 3 * width, rows),
            ["proj_out", var kind] => new Whole($"{block}.linear2.{kind}"),
            ["attn", "norm_q", "weight"] => new Whole($"{block}.norm.query_norm.{norm}"),
            ["attn", "norm_k", "weight"] => new Whole($"{block}.norm.key_norm.{norm}"),
            _ => throw Unknown(string.Join('.', parts.Prepend(block))),
        };
    }

    private static ArgumentException Unknown(string name) => new($"'{name}' is not a parameter of FLUX.1's transformer.", nameof(name));
}

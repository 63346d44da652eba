using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;

namespace ImgAlign.Networks.Sdxl;

public static partial class SdxlNames
{
    private const string OpenClip = "ln_final.weight", Projection = "text_projection.weight";

    /// <summary>
    /// The second text encoder. In original files OpenCLIP packs q, k and v into one matrix and stores the projection transposed, where it
    /// is a tensor of its own and not a layer's weight.
    /// </summary>
    /// <param name="encoder">The network.</param>
    /// <param name="part">Its tensors.</param>
    public static WeightMap TextEncoder2(ClipTextModel encoder, Checkpoint part)
    {
        if (!part.Tensors.ContainsKey(OpenClip)) return encoder.Names(part);
        WeightSource projection = part.Tensors.ContainsKey(Projection) ? new WeightSource.Whole(Projection) : new WeightSource.Transposed("text_projection");
        return new WeightMap(
            name => name == Projection ? projection : TextEncoder2Source(name),
            static name => name is "logit_scale" or "attn_mask" || name.EndsWith(ClipNames.PositionIds, StringComparison.Ordinal));
    }

    private static WeightSource TextEncoder2Source(string name) => name.Split('.') switch
    {
        ["embeddings", "token_embedding", "weight"] => new WeightSource.Whole("token_embedding.weight"),
        ["embeddings", "position_embedding", "weight"] => new WeightSource.Whole("positional_embedding"),
        ["final_layer_norm", var kind] => new WeightSource.Whole($"ln_final.{kind}"),
        ["encoder", "layers", var layer, .. var rest] => TextEncoder2Layer($"transformer.resblocks.{layer}", rest),
        _ => throw new ArgumentException($"'{name}' is not a parameter of SDXL's second text encoder.", nameof(name)),
    };

    private static WeightSource TextEncoder2Layer(string layer, string[] parts) => parts switch
    {
        ["layer_norm1", var kind] => new WeightSource.Whole($"{layer}.ln_1.{kind}"),
        ["layer_norm2", var kind] => new WeightSource.Whole($"{layer}.ln_2.{kind}"),
        ["mlp", "fc1", var kind] => new WeightSource.Whole($"{layer}.mlp.c_fc.{kind}"),
        ["mlp", "fc2", var kind] => new WeightSource.Whole($"{layer}.mlp.c_proj.{kind}"),
        ["self_attn", "out_proj", var kind] => new WeightSource.Whole($"{layer}.attn.out_proj.{kind}"),
        ["self_attn", "q_proj", var kind] => new WeightSource.RowBlock($"{layer}.attn.in_proj_{kind}", 0, 3),
        ["self_attn", "k_proj", var kind] => new WeightSource.RowBlock($"{layer}.attn.in_proj_{kind}", 1, 3),
        ["self_attn", "v_proj", var kind] => new WeightSource.RowBlock($"{layer}.attn.in_proj_{kind}", 2, 3),
        _ => throw new ArgumentException($"'{string.Join('.', parts)}' is not part of a text encoder's layer.", nameof(parts)),
    };
}

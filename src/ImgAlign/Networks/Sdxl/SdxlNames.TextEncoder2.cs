using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Sdxl;

public static partial class SdxlNames
{
    /// <summary>
    /// The second text encoder in a single file: OpenCLIP packs q, k and v into one matrix and stores the projection transposed. (The first
    /// one has transformers' own names behind <see cref="TextEncoderPrefix"/>.)
    /// </summary>
    public static WeightMap TextEncoder2 { get; } = Behind(TextEncoder2Prefix, TextEncoder2Source, name => name == TextEncoder2Prefix + "logit_scale");

    private static WeightSource TextEncoder2Source(string name) => name.Split('.') switch
    {
        ["embeddings", "token_embedding", "weight"] => TextEncoder2Whole("token_embedding.weight"),
        ["embeddings", "position_embedding", "weight"] => TextEncoder2Whole("positional_embedding"),
        ["final_layer_norm", var kind] => TextEncoder2Whole($"ln_final.{kind}"),
        ["text_projection", "weight"] => new WeightSource.Transposed(TextEncoder2Prefix + "text_projection"),
        ["encoder", "layers", var layer, .. var rest] => TextEncoder2Layer($"transformer.resblocks.{layer}", rest),
        _ => throw new ArgumentException($"'{name}' is not a parameter of SDXL's second text encoder.", nameof(name)),
    };

    private static WeightSource TextEncoder2Layer(string layer, string[] parts) => parts switch
    {
        ["layer_norm1", var kind] => TextEncoder2Whole($"{layer}.ln_1.{kind}"),
        ["layer_norm2", var kind] => TextEncoder2Whole($"{layer}.ln_2.{kind}"),
        ["mlp", "fc1", var kind] => TextEncoder2Whole($"{layer}.mlp.c_fc.{kind}"),
        ["mlp", "fc2", var kind] => TextEncoder2Whole($"{layer}.mlp.c_proj.{kind}"),
        ["self_attn", "out_proj", var kind] => TextEncoder2Whole($"{layer}.attn.out_proj.{kind}"),
        ["self_attn", "q_proj", var kind] => new WeightSource.RowBlock($"{TextEncoder2Prefix}{layer}.attn.in_proj_{kind}", 0, 3),
        ["self_attn", "k_proj", var kind] => new WeightSource.RowBlock($"{TextEncoder2Prefix}{layer}.attn.in_proj_{kind}", 1, 3),
        ["self_attn", "v_proj", var kind] => new WeightSource.RowBlock($"{TextEncoder2Prefix}{layer}.attn.in_proj_{kind}", 2, 3),
        _ => throw new ArgumentException($"'{string.Join('.', parts)}' is not part of a text encoder's layer.", nameof(parts)),
    };

    private static WeightSource.Whole TextEncoder2Whole(string name) => new(TextEncoder2Prefix + name);
}

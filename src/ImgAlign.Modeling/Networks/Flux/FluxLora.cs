using ImgAlign.Checkpoints;
using static ImgAlign.Checkpoints.WeightSource;

namespace ImgAlign.Networks.Flux;

/// <summary>LoRAs of FLUX.1, which name layers as diffusers does, as the authors do (kohya's sd-scripts), or by their attention processors
/// (XLabs).</summary>
public static class FluxLora
{
    /// <summary>A checkpoint of the transformer with LoRAs merged into it.</summary>
    /// <param name="checkpoint">The base, in either layout; borrowed, and needed as long as the result is.</param>
    /// <param name="transformer">The network.</param>
    /// <param name="loras">The LoRAs with their scales; borrowed, and needed as long as the result is. Several add up.</param>
    /// <exception cref="CheckpointException">A LoRA changes a layer that the network does not have, or of another shape.</exception>
    public static LoraCheckpoint Merge(
        Checkpoint checkpoint,
        FluxTransformer transformer,
        IEnumerable<(LoraWeights Lora, double Scale)> loras
    ) =>
        new(
            checkpoint,
            transformer,
            transformer.Names(checkpoint),
            LoraTarget.Denoiser,
            loras,
            FluxNames.Authors(transformer.Config),
            XLabs
        );

    // x-flux, DoubleStreamBlockLoraProcessor and SingleStreamBlockLoraProcessor. lora1 is the image's, lora2 the text's. A single block's
    // packed projection is there without the feed-forward's part.
    private static WeightMap XLabs { get; } =
        new(static name =>
            name.Split('.') switch
            {
                ["transformer_blocks", var block, "attn", ("to_q" or "to_k" or "to_v") and var part, "weight"] => Packed(
                    $"double_blocks.{block}.qkv_lora1.weight",
                    part
                ),
                ["transformer_blocks", var block, "attn", ("add_q_proj" or "add_k_proj" or "add_v_proj") and var part, "weight"] => Packed(
                    $"double_blocks.{block}.qkv_lora2.weight",
                    part
                ),
                ["transformer_blocks", var block, "attn", "to_out", "0", "weight"] => new Whole($"double_blocks.{block}.proj_lora1.weight"),
                ["transformer_blocks", var block, "attn", "to_add_out", "weight"] => new Whole($"double_blocks.{block}.proj_lora2.weight"),
                ["single_transformer_blocks", var block, "attn", ("to_q" or "to_k" or "to_v") and var part, "weight"] => Packed(
                    $"single_blocks.{block}.qkv.weight",
                    part
                ),
                ["single_transformer_blocks", var block, "proj_out", "weight"] => new Whole($"single_blocks.{block}.proj.weight"),
                _ => new Whole(name),
            }
        );

    // The letter behind the first underscore says which third.
    private static RowBlock Packed(string name, string part) =>
        new(name, "qkv".IndexOf(part.Split('_')[1][0], StringComparison.Ordinal), 3);
}

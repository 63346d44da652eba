using ImgAlign.Checkpoints;
using static ImgAlign.Checkpoints.WeightSource;

namespace ImgAlign.Networks.ZImage;

/// <summary>How <see cref="ZImageTransformer"/> is named in the authors' file, which packs queries, keys and values.</summary>
public static class ZImageNames
{
    private const string Embedder = "x_embedder.";

    /// <summary>The transformer of a checkpoint, in either layout, whatever stands before its names.</summary>
    /// <exception cref="CheckpointException">There is none, or there are several.</exception>
    public static CheckpointPart Find(Checkpoint file) => CheckpointPart.Find(file, "Z-Image transformer", new Landmark("cap_pad_token"));

    /// <summary>Whether a checkpoint has the authors' names, and not diffusers'.</summary>
    /// <param name="part">The transformer's tensors; only names are looked at.</param>
    public static bool IsAuthors(Checkpoint part) => part.Tensors.ContainsKey(Embedder + "weight");

    /// <summary>The names in a checkpoint.</summary>
    /// <param name="part">The transformer's tensors; only names are looked at.</param>
    public static WeightMap Of(Checkpoint part) => IsAuthors(part) ? Authors : WeightMap.Identity;

    /// <summary>From the network's names to the authors'.</summary>
    public static WeightMap Authors { get; } =
        new(
            static name =>
                name.Split('.') switch
                {
                    ["all_x_embedder", _, var kind] => new Whole(Embedder + kind),
                    ["all_final_layer", _, .. var rest] => new Whole(Join("final_layer", rest)),
                    [.. var block, "attention", "to_q", var kind] => new RowBlock(Join(block, $"attention.qkv.{kind}"), 0, 3),
                    [.. var block, "attention", "to_k", var kind] => new RowBlock(Join(block, $"attention.qkv.{kind}"), 1, 3),
                    [.. var block, "attention", "to_v", var kind] => new RowBlock(Join(block, $"attention.qkv.{kind}"), 2, 3),
                    [.. var block, "attention", "to_out", "0", var kind] => new Whole(Join(block, $"attention.out.{kind}")),
                    [.. var block, "attention", "norm_q", var kind] => new Whole(Join(block, $"attention.q_norm.{kind}")),
                    [.. var block, "attention", "norm_k", var kind] => new Whole(Join(block, $"attention.k_norm.{kind}")),
                    _ => new Whole(name),
                },
            static name => name == "norm_final.weight" // of no use in any version
        );

    /// <summary>A checkpoint with LoRAs merged into it, which name layers in either layout.</summary>
    /// <param name="part">The base; borrowed, and needed as long as the result is.</param>
    /// <param name="transformer">The network.</param>
    /// <param name="loras">The LoRAs with their scales; borrowed, and needed as long as the result is. Several add up.</param>
    /// <exception cref="CheckpointException">A LoRA changes a layer that the network does not have, or of another shape.</exception>
    public static LoraCheckpoint Merge(
        Checkpoint part,
        ZImageTransformer transformer,
        IEnumerable<(LoraWeights Lora, double Scale)> loras
    ) => new(part, transformer, Of(part), LoraTarget.Denoiser, loras, Authors);

    private static string Join(string start, string[] rest) => string.Join('.', rest.Prepend(start));

    private static string Join(string[] block, string rest) => string.Join('.', block.Append(rest));
}

using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Sdxl;

public static partial class SdxlNames
{
    /// <summary>The autoencoder in a single file: the decoder's blocks are counted from the other end, and attention is made of 1x1 convolutions.</summary>
    /// <param name="blocks">Blocks on each side.</param>
    public static WeightMap Vae(int blocks) => Behind(VaePrefix, name => VaeSource(name, blocks));

    private static WeightSource VaeSource(string name, int blocks)
    {
        var original = VaePrefix + VaeName(name, blocks);
        var isProjection = name.Contains(".attentions.", StringComparison.Ordinal) && !name.Contains(".group_norm.", StringComparison.Ordinal);
        return isProjection && name.EndsWith(".weight", StringComparison.Ordinal)
            ? new WeightSource.Reshaped(original, static shape => [.. shape, 1, 1])
            : new WeightSource.Whole(original);
    }

    private static string VaeName(string name, int blocks) => name.Split('.') switch
    {
        ["quant_conv" or "post_quant_conv", ..] => name,
        [_, "conv_in" or "conv_out", _] => name,
        [var side, "conv_norm_out", var kind] => $"{side}.norm_out.{kind}",
        [var side, "mid_block", "attentions", "0", .. var rest] => Join($"{side}.mid.attn_1", VaeAttention(rest)),
        [var side, "mid_block", "resnets", var layer, .. var rest] => Join($"{side}.mid.block_{Number(layer) + 1}", VaeResnet(rest)),
        [var side, "down_blocks" or "up_blocks", var block, "resnets", var layer, .. var rest] => Join($"{VaeBlock(side, block, blocks)}.block.{layer}", VaeResnet(rest)),
        [var side, "down_blocks", var block, "downsamplers", "0", .. var rest] => Join($"{VaeBlock(side, block, blocks)}.downsample", rest),
        [var side, "up_blocks", var block, "upsamplers", "0", .. var rest] => Join($"{VaeBlock(side, block, blocks)}.upsample", rest),
        _ => throw new ArgumentException($"'{name}' is not a parameter of SDXL's autoencoder.", nameof(name)),
    };

    private static string VaeBlock(string side, string block, int blocks) =>
        side == "encoder" ? $"encoder.down.{block}" : $"decoder.up.{blocks - 1 - Number(block)}";

    private static IEnumerable<string> VaeResnet(string[] parts) => parts[0] == "conv_shortcut" ? parts.Skip(1).Prepend("nin_shortcut") : parts;

    private static IEnumerable<string> VaeAttention(string[] parts) => parts switch
    {
        ["group_norm", .. var rest] => rest.Prepend("norm"),
        ["to_q", .. var rest] => rest.Prepend("q"),
        ["to_k", .. var rest] => rest.Prepend("k"),
        ["to_v", .. var rest] => rest.Prepend("v"),
        ["to_out", "0", .. var rest] => rest.Prepend("proj_out"),
        _ => throw new ArgumentException($"'{string.Join('.', parts)}' is not part of an autoencoder's attention.", nameof(parts)),
    };
}

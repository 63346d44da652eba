using System.Globalization;
using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Vae;

/// <summary>
/// How <see cref="AutoencoderKl"/> is named in its authors' files (the single file of SDXL, <c>ae.safetensors</c> of FLUX.1): the decoder's
/// blocks are counted from the other end, and the attention is made of 1x1 convolutions.
/// </summary>
public static class AutoencoderNames
{
    /// <summary>The autoencoder of a checkpoint, in any naming, or null where there is none.</summary>
    /// <exception cref="CheckpointException">There are several.</exception>
    public static CheckpointPart? TryFind(Checkpoint file) =>
        CheckpointPart.TryFind(file, "autoencoder", new Landmark("decoder.conv_in.weight"));

    /// <summary>Whether a checkpoint has the encoder, too.</summary>
    public static bool HasEncoder(Checkpoint file) => TryFind(file) is { } part && part.Tensors.ContainsKey("encoder.conv_in.weight");

    /// <summary>The source of a parameter.</summary>
    /// <param name="name">The parameter in diffusers' naming.</param>
    /// <param name="blocks">Blocks on each side.</param>
    public static WeightSource Original(string name, int blocks)
    {
        var original = OriginalName(name, blocks);
        var isProjection =
            name.Contains(".attentions.", StringComparison.Ordinal) && !name.Contains(".group_norm.", StringComparison.Ordinal);
        return isProjection && name.EndsWith(".weight", StringComparison.Ordinal)
            ? new WeightSource.Reshaped(original, static shape => [.. shape, 1, 1])
            : new WeightSource.Whole(original);
    }

    private static string OriginalName(string name, int blocks) =>
        name.Split('.') switch
        {
            ["quant_conv" or "post_quant_conv", ..] => name,
            [_, "conv_in" or "conv_out", _] => name,
            [var side, "conv_norm_out", var kind] => $"{side}.norm_out.{kind}",
            [var side, "mid_block", "attentions", "0", .. var rest] => Join($"{side}.mid.attn_1", Attention(rest)),
            [var side, "mid_block", "resnets", var layer, .. var rest] => Join($"{side}.mid.block_{Number(layer) + 1}", Resnet(rest)),
            [var side, "down_blocks" or "up_blocks", var block, "resnets", var layer, .. var rest] => Join(
                $"{Block(side, block, blocks)}.block.{layer}",
                Resnet(rest)
            ),
            [var side, "down_blocks", var block, "downsamplers", "0", .. var rest] => Join(
                $"{Block(side, block, blocks)}.downsample",
                rest
            ),
            [var side, "up_blocks", var block, "upsamplers", "0", .. var rest] => Join($"{Block(side, block, blocks)}.upsample", rest),
            _ => throw new ArgumentException($"'{name}' is not a parameter of the autoencoder.", nameof(name)),
        };

    private static string Block(string side, string block, int blocks) =>
        side == "encoder" ? $"encoder.down.{block}" : $"decoder.up.{blocks - 1 - Number(block)}";

    private static IEnumerable<string> Resnet(string[] parts) =>
        parts[0] == "conv_shortcut" ? parts.Skip(1).Prepend("nin_shortcut") : parts;

    private static IEnumerable<string> Attention(string[] parts) =>
        parts switch
        {
            ["group_norm", .. var rest] => rest.Prepend("norm"),
            ["to_q", .. var rest] => rest.Prepend("q"),
            ["to_k", .. var rest] => rest.Prepend("k"),
            ["to_v", .. var rest] => rest.Prepend("v"),
            ["to_out", "0", .. var rest] => rest.Prepend("proj_out"),
            _ => throw new ArgumentException($"'{string.Join('.', parts)}' is not part of an autoencoder's attention.", nameof(parts)),
        };

    private static int Number(string part) => int.Parse(part, NumberStyles.None, CultureInfo.InvariantCulture);

    private static string Join(string start, IEnumerable<string> rest) => string.Join('.', rest.Prepend(start));
}

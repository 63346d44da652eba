using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Sdxl;

public static partial class SdxlNames
{
    /// <summary>The UNet in a single file.</summary>
    /// <param name="layersPerBlock">Resnets in each down block, from the outermost.</param>
    /// <param name="upBlockHasAttention">Whether each up block, from the innermost, has attentions.</param>
    public static WeightMap UNet(IReadOnlyList<int> layersPerBlock, IReadOnlyList<bool> upBlockHasAttention) =>
        Behind(UNetPrefix, name => new WeightSource.Whole(UNetPrefix + UNetName(name, layersPerBlock, upBlockHasAttention)));

    /// <summary>
    /// A UNet's parameter in the original naming, without <see cref="UNetPrefix"/>; kohya's LoRA files use it too. It counts blocks through:
    /// a resnet, its attention and a resampler are parts 0, 1 and 2 of one block.
    /// </summary>
    /// <param name="name">The parameter in diffusers' naming.</param>
    /// <param name="layersPerBlock">Resnets in each down block, from the outermost.</param>
    /// <param name="upBlockHasAttention">Whether each up block, from the innermost, has attentions.</param>
    internal static string UNetName(string name, IReadOnlyList<int> layersPerBlock, IReadOnlyList<bool> upBlockHasAttention)
    {
        return name.Split('.') switch
        {
            ["conv_in", .. var rest] => Join("input_blocks.0.0", rest),
            ["conv_norm_out", .. var rest] => Join("out.0", rest),
            ["conv_out", .. var rest] => Join("out.2", rest),
            ["time_embedding", var linear, .. var rest] => Join($"time_embed.{MlpIndex(linear)}", rest),
            ["add_embedding", var linear, .. var rest] => Join($"label_emb.0.{MlpIndex(linear)}", rest),
            ["down_blocks", var block, "resnets", var layer, .. var rest] => Join($"input_blocks.{Down(Number(block)) + Number(layer)}.0", UNetResnet(rest)),
            ["down_blocks", var block, "attentions", var layer, .. var rest] => Join($"input_blocks.{Down(Number(block)) + Number(layer)}.1", rest),
            ["down_blocks", var block, "downsamplers", "0", "conv", .. var rest] => Join($"input_blocks.{Down(Number(block) + 1) - 1}.0.op", rest),
            ["mid_block", "resnets", var layer, .. var rest] => Join($"middle_block.{2 * Number(layer)}", UNetResnet(rest)),
            ["mid_block", "attentions", "0", .. var rest] => Join("middle_block.1", rest),
            ["up_blocks", var block, "resnets", var layer, .. var rest] => Join($"output_blocks.{Up(Number(block)) + Number(layer)}.0", UNetResnet(rest)),
            ["up_blocks", var block, "attentions", var layer, .. var rest] => Join($"output_blocks.{Up(Number(block)) + Number(layer)}.1", rest),
            ["up_blocks", var block, "upsamplers", "0", "conv", .. var rest] =>
                Join($"output_blocks.{Up(Number(block) + 1) - 1}.{(upBlockHasAttention[Number(block)] ? 2 : 1)}.conv", rest),
            _ => throw new ArgumentException($"'{name}' is not a parameter of SDXL's UNet.", nameof(name)),
        };

        // Input block 0 is the first convolution; then each down block has its layers and a downsampler.
        int Down(int block) => 1 + layersPerBlock.Take(block).Sum(layers => layers + 1);

        // An up block has one layer more than the down block that it mirrors.
        int Up(int block) => layersPerBlock.Reverse().Take(block).Sum(layers => layers + 1);
    }

    private static int MlpIndex(string linear) => linear == "linear_1" ? 0 : 2;

    private static IEnumerable<string> UNetResnet(string[] parts) => parts.Skip(1).Prepend(parts[0] switch
    {
        "norm1" => "in_layers.0",
        "conv1" => "in_layers.2",
        "time_emb_proj" => "emb_layers.1",
        "norm2" => "out_layers.0",
        "conv2" => "out_layers.3",
        "conv_shortcut" => "skip_connection",
        var other => throw new ArgumentException($"'{other}' is not part of a UNet's resnet.", nameof(parts)),
    });
}

using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Sdxl;

public static partial class SdxlNames
{
    private const string OriginalUNet = "label_emb.0.0.weight";

    // Tensors without data, by which fine-tunes say how they were trained.
    private static readonly string[] Markers = ["v_pred", "ztsnr"];

    /// <summary>The UNet, with the original names or diffusers'.</summary>
    /// <param name="config">Its sizes.</param>
    /// <param name="part">Its tensors.</param>
    public static WeightMap UNet(SdxlUNetConfig config, Checkpoint part) =>
        (
            part.Tensors.ContainsKey(OriginalUNet)
                ? new WeightMap(name => new WeightSource.Whole(UNetName(name, config)))
                : WeightMap.Identity
        ).Ignoring(Markers.Contains);

    /// <summary>
    /// A UNet's parameter in the original naming, without what stands before it; kohya's LoRA files use it too. It counts blocks through:
    /// a resnet, its attention and a resampler are parts 0, 1 and 2 of one block.
    /// </summary>
    /// <param name="name">The parameter in diffusers' naming.</param>
    /// <param name="config">The UNet's sizes.</param>
    public static string UNetName(string name, SdxlUNetConfig config)
    {
        return name.Split('.') switch
        {
            ["conv_in", .. var rest] => Join("input_blocks.0.0", rest),
            ["conv_norm_out", .. var rest] => Join("out.0", rest),
            ["conv_out", .. var rest] => Join("out.2", rest),
            ["time_embedding", var linear, .. var rest] => Join($"time_embed.{MlpIndex(linear)}", rest),
            ["add_embedding", var linear, .. var rest] => Join($"label_emb.0.{MlpIndex(linear)}", rest),
            ["down_blocks", var block, "resnets", var layer, .. var rest] => Join(
                $"input_blocks.{Down(Number(block)) + Number(layer)}.0",
                UNetResnet(rest)
            ),
            ["down_blocks", var block, "attentions", var layer, .. var rest] => Join(
                $"input_blocks.{Down(Number(block)) + Number(layer)}.1",
                rest
            ),
            ["down_blocks", var block, "downsamplers", "0", "conv", .. var rest] => Join(
                $"input_blocks.{Down(Number(block) + 1) - 1}.0.op",
                rest
            ),
            ["mid_block", "resnets", var layer, .. var rest] => Join($"middle_block.{2 * Number(layer)}", UNetResnet(rest)),
            ["mid_block", "attentions", "0", .. var rest] => Join("middle_block.1", rest),
            ["up_blocks", var block, "resnets", var layer, .. var rest] => Join(
                $"output_blocks.{Up(Number(block)) + Number(layer)}.0",
                UNetResnet(rest)
            ),
            ["up_blocks", var block, "attentions", var layer, .. var rest] => Join(
                $"output_blocks.{Up(Number(block)) + Number(layer)}.1",
                rest
            ),
            ["up_blocks", var block, "upsamplers", "0", "conv", .. var rest] => Join(
                $"output_blocks.{Up(Number(block) + 1) - 1}.{(HasAttention(Number(block)) ? 2 : 1)}.conv",
                rest
            ),
            _ => throw new ArgumentException($"'{name}' is not a parameter of SDXL's UNet.", nameof(name)),
        };

        // Input block 0 is the first convolution; then each down block has its layers and a downsampler.
        int Down(int block) => 1 + Enumerable.Range(0, block).Sum(i => Layers(i) + 1);

        // An up block has one layer more than the down block that it mirrors.
        int Up(int block) => Enumerable.Range(0, block).Sum(i => Layers(config.DownBlockTypes.Count - 1 - i) + 1);

        int Layers(int downBlock) => config.LayersPerBlock.Count == 1 ? config.LayersPerBlock[0] : config.LayersPerBlock[downBlock];

        bool HasAttention(int upBlock) => config.UpBlockTypes[upBlock] == "CrossAttnUpBlock2D";
    }

    private static int MlpIndex(string linear) => linear == "linear_1" ? 0 : 2;

    private static IEnumerable<string> UNetResnet(string[] parts) =>
        parts
            .Skip(1)
            .Prepend(
                parts[0] switch
                {
                    "norm1" => "in_layers.0",
                    "conv1" => "in_layers.2",
                    "time_emb_proj" => "emb_layers.1",
                    "norm2" => "out_layers.0",
                    "conv2" => "out_layers.3",
                    "conv_shortcut" => "skip_connection",
                    var other => throw new ArgumentException($"'{other}' is not part of a UNet's resnet.", nameof(parts)),
                }
            );
}

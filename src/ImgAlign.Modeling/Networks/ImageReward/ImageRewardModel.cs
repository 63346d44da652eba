using ImgAlign.Checkpoints;
using ImgAlign.Networks.Aesthetic;
using ImgAlign.Networks.Bert;
using ImgAlign.Networks.Clip;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.ImageReward;

/// <summary>
/// ImageReward: BLIP's vision tower reads the picture, a BERT reads the prompt and looks at it, and linear layers make its first state a
/// reward. Pixels <c>[B, 3, S, S]</c>, ids <c>[B, N]</c> and mask <c>[B, N]</c> to rewards <c>[B]</c>.
/// </summary>
public sealed class ImageRewardModel : nn.Module<Tensor, Tensor, Tensor, Tensor>
{
    // Mean and standard deviation of the rewards over the authors' pictures.
    private const double Mean = 0.16717362830052426;
    private const double StandardDeviation = 1.0333394966054072;

    [ComponentName(Name = "visual_encoder")]
    private readonly VisionTransformer visualEncoder;

    [ComponentName(Name = "text_encoder")]
    private readonly BertPictureReader textEncoder;

    [ComponentName(Name = "mlp")]
    private readonly AestheticNetwork mlp;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public ImageRewardModel(ImageRewardConfig config, Device device)
        : base(nameof(ImageRewardModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        visualEncoder = new VisionTransformer(config.Vision, device);
        textEncoder = new BertPictureReader(config.Text, config.Vision.HiddenSize, device);
        mlp = new AestheticNetwork(config.HeadWidths, device);
        RegisterComponents();
    }

    /// <summary>How the parameters are named in the published file.</summary>
    /// <param name="part">The model's tensors, as <see cref="ImageRewardConfig.Find"/> gives them.</param>
    public static WeightMap Names(Checkpoint part)
    {
        var head = AestheticNetwork.Names(CheckpointPart.Find(part, "ImageReward's head", new Landmark("layers.0.weight", "mlp.")));
        return new WeightMap(
            name =>
                name.Split('.') switch
                {
                    ["mlp", .. var rest] => new WeightSource.Whole("mlp." + head.Resolve(string.Join('.', rest)).Names[0]),
                    ["text_encoder", ..] => new WeightSource.Whole("blip." + name),
                    ["visual_encoder", .. var rest] => Tower(rest),
                    _ => throw new ArgumentException($"'{name}' is not a parameter of ImageReward.", nameof(name)),
                },
            static name =>
                name.StartsWith("blip.vision_proj.", StringComparison.Ordinal)
                || name.StartsWith("blip.text_proj.", StringComparison.Ordinal)
                || name.EndsWith("." + ClipNames.PositionIds, StringComparison.Ordinal)
        );
    }

    /// <summary>The state that the reward is made of, the first one's: <c>[B, D]</c>.</summary>
    /// <inheritdoc cref="forward" path="/param"/>
    public Tensor Read(Tensor pixels, Tensor ids, Tensor mask)
    {
        using var scope = NewDisposeScope();
        return textEncoder.call(ids, mask, visualEncoder.call(pixels)).select(1, 0).MoveToOuterDisposeScope();
    }

    /// <summary>The reward of states that <see cref="Read"/> gave: <c>[B]</c>.</summary>
    public Tensor Reward(Tensor states)
    {
        using var scope = NewDisposeScope();
        return mlp.call(states).to(float32).Minus(Mean).DividedBy(StandardDeviation).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    /// <param name="pixels"><c>[B, 3, S, S]</c>.</param>
    /// <param name="ids"><c>[B, N]</c>.</param>
    /// <param name="mask"><c>[B, N]</c>, 1 where there is text.</param>
    public override Tensor forward(Tensor pixels, Tensor ids, Tensor mask)
    {
        using var states = Read(pixels, ids, mask);
        return Reward(states);
    }

    // BLIP packs q, k and v, and has the class token and positions as whole tensors.
    private static WeightSource Tower(string[] rest)
    {
        const string Tower = "blip.visual_encoder.";
        return rest switch
        {
            ["embeddings", "class_embedding"] => new WeightSource.Reshaped(Tower + "cls_token", static shape => [1, 1, shape[0]]),
            ["embeddings", "position_embedding", "weight"] => new WeightSource.Reshaped(Tower + "pos_embed", static shape => [1, .. shape]),
            ["embeddings", "patch_embedding", var kind] => new WeightSource.Whole($"{Tower}patch_embed.proj.{kind}"),
            ["post_layernorm", var kind] => new WeightSource.Whole($"{Tower}norm.{kind}"),
            ["encoder", "layers", var number, .. var inner] => Block($"{Tower}blocks.{number}.", inner),
            _ => throw Unknown(rest),
        };

        static WeightSource Block(string block, string[] inner) =>
            inner switch
            {
                ["layer_norm1", var kind] => new WeightSource.Whole($"{block}norm1.{kind}"),
                ["layer_norm2", var kind] => new WeightSource.Whole($"{block}norm2.{kind}"),
                ["mlp", var layer, var kind] => new WeightSource.Whole($"{block}mlp.{layer}.{kind}"),
                ["self_attn", "out_proj", var kind] => new WeightSource.Whole($"{block}attn.proj.{kind}"),
                ["self_attn", "q_proj", var kind] => new WeightSource.RowBlock($"{block}attn.qkv.{kind}", 0, 3),
                ["self_attn", "k_proj", var kind] => new WeightSource.RowBlock($"{block}attn.qkv.{kind}", 1, 3),
                ["self_attn", "v_proj", var kind] => new WeightSource.RowBlock($"{block}attn.qkv.{kind}", 2, 3),
                _ => throw Unknown(inner),
            };

        static ArgumentException Unknown(string[] name) => new($"'{string.Join('.', name)}' is not a parameter of BLIP's vision tower.");
    }
}

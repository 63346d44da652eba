using ImgAlign.Networks.Layers;
using ImgAlign.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Sdxl;

/// <summary>
/// SDXL's denoising network (diffusers <c>UNet2DConditionModel</c>), with decoupled attention to an image prompt. What stays the same in
/// all steps is computed once by <see cref="Prepare"/>.
/// </summary>
public sealed class UNet2DConditionModel : nn.Module<Tensor, Tensor, UNetConditioning, Tensor>, IBlockNetwork
{
    [ComponentName(Name = "conv_in")]
    private readonly Convolution2d convIn;

    [ComponentName(Name = "time_proj")]
    private readonly SinusoidalEmbedding timeProjection;

    [ComponentName(Name = "time_embedding")]
    private readonly TimestepEmbedding timeEmbedding;

    [ComponentName(Name = "add_time_proj")]
    private readonly SinusoidalEmbedding addTimeProjection;

    [ComponentName(Name = "add_embedding")]
    private readonly TimestepEmbedding addEmbedding;

    [ComponentName(Name = "down_blocks")]
    private readonly ModuleList<DownBlock> downBlocks;

    [ComponentName(Name = "mid_block")]
    private readonly MidBlock midBlock;

    [ComponentName(Name = "up_blocks")]
    private readonly ModuleList<UpBlock> upBlocks;

    // The same, in the order in which they run.
    private readonly BlockSequence<UNetBlock> blocks;

    [ComponentName(Name = "conv_norm_out")]
    private readonly GroupNorm normOut;

    [ComponentName(Name = "conv_out")]
    private readonly Convolution2d convOut;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">Its sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public UNet2DConditionModel(SdxlUNetConfig config, Device device)
        : base(nameof(UNet2DConditionModel))
    {
        Config = config;
        var plan = UNetPlan.Of(config);
        var firstWidth = config.BlockOutChannels[0];
        convIn = new Convolution2d(config.InChannels, firstWidth, kernelSize: 3, device, padding: 1);
        timeProjection = new SinusoidalEmbedding(firstWidth, config.FlipSinToCos, config.FreqShift);
        timeEmbedding = new TimestepEmbedding(firstWidth, config.TimeEmbeddingWidth, device);
        addTimeProjection = new SinusoidalEmbedding(config.AdditionTimeEmbedDim, config.FlipSinToCos, config.FreqShift);
        addEmbedding = new TimestepEmbedding(config.ProjectionClassEmbeddingsInputDim, config.TimeEmbeddingWidth, device);
        downBlocks = new ModuleList<DownBlock>([.. plan.Down.Select(block => new DownBlock(config, block, device))]);
        midBlock = new MidBlock(config, plan.Mid, device);
        upBlocks = new ModuleList<UpBlock>([.. plan.Up.Select(block => new UpBlock(config, block, device))]);
        blocks = new([.. downBlocks, midBlock, .. upBlocks]);
        normOut = nn.GroupNorm(config.NormNumGroups, firstWidth, config.NormEps, device: device);
        convOut = new Convolution2d(firstWidth, config.OutChannels, kernelSize: 3, device, padding: 1);
        RegisterComponents();
        CrossAttentions = [.. downBlocks.Cast<UNetBlock>().Concat(upBlocks).Append(midBlock).SelectMany(block => block.CrossAttentions)];
    }

    /// <summary>Its sizes.</summary>
    public SdxlUNetConfig Config { get; }

    /// <summary>Whether activations within residual blocks and transformer layers are computed again for their gradients instead of kept:
    /// less memory, more time, in training.</summary>
    public bool RecomputesActivations { get; set; }

    BlockSequence IBlockNetwork.Blocks => blocks;

    /// <summary>The attentions to the prompts, in the order of an image-prompt adapter's file: down blocks, up blocks, mid block.</summary>
    internal IReadOnlyList<UNetAttention> CrossAttentions { get; }

    /// <summary>Where its weights are.</summary>
    internal Device Device => convIn.Weight.device;

    /// <summary>The type of its weights, in which it expects samples and features.</summary>
    public ScalarType Type => timeEmbedding.Type;

    /// <summary>Computes what all steps of a generation share.</summary>
    /// <param name="encoderHiddenStates">Text features, <c>[B, L, d]</c>.</param>
    /// <param name="textEmbeds">Pooled text features, <c>[B, p]</c>.</param>
    /// <param name="timeIds">Original height and width, crop from the top and from the left, target height and width, in pixels, <c>[B,
    /// 6]</c>.</param>
    /// <param name="adapter">The adapter for <paramref name="imageTokens"/>, or null for no image prompt.</param>
    /// <param name="imageTokens">Image-prompt features, <c>[B, n, d]</c>, or null for no image prompt.</param>
    /// <param name="imageScale">The weight of the image prompt. 0 is the same as none, to the bit, and costs nothing.</param>
    /// <returns>Disposed by the caller.</returns>
    /// <exception cref="ArgumentException">A tensor has another shape than the configuration asks for, the adapter or its tokens are
    /// missing, or the scale is not finite.</exception>
    public UNetConditioning Prepare(
        Tensor encoderHiddenStates,
        Tensor textEmbeds,
        Tensor timeIds,
        ImagePromptAdapter? adapter = null,
        Tensor? imageTokens = null,
        double imageScale = 1.0
    )
    {
        if ((adapter is null) != (imageTokens is null))
            throw new ArgumentException("An image prompt needs both its adapter and its tokens.", nameof(imageTokens));
        if (!double.IsFinite(imageScale))
            throw new ArgumentException($"The image prompt's scale must be a finite number, but is {imageScale}.", nameof(imageScale));
        var batch = encoderHiddenStates.shape[0];
        TensorShape.Require(encoderHiddenStates, nameof(encoderHiddenStates), batch, null, Config.CrossAttentionDim);
        TensorShape.Require(timeIds, nameof(timeIds), batch, null);
        TensorShape.Require(
            textEmbeds,
            nameof(textEmbeds),
            batch,
            Config.ProjectionClassEmbeddingsInputDim - timeIds.shape[1] * Config.AdditionTimeEmbedDim
        );
        if (imageTokens is not null)
            TensorShape.Require(imageTokens, nameof(imageTokens), batch, null, Config.CrossAttentionDim);
        TensorDevice.Require(this, Device, encoderHiddenStates);
        TensorDevice.Require(this, Device, textEmbeds);
        TensorDevice.Require(this, Device, timeIds);
        if (imageTokens is not null)
            TensorDevice.Require(this, Device, imageTokens);

        using var scope = NewDisposeScope();
        var contexts = new Dictionary<UNetAttention, CrossAttentionContext>(ReferenceEqualityComparer.Instance);
        var projections =
            imageTokens is null || imageScale == 0
                ? null
                : CrossAttentions.Zip(adapter!.Projections).ToDictionary(pair => pair.First, pair => pair.Second);
        foreach (var attention in blocks.InTurn().SelectMany(block => block.CrossAttentions))
        {
            var image = projections is null
                ? null
                : attention.Split(projections[attention].Keys(imageTokens!), projections[attention].Values(imageTokens!).Times(imageScale));
            contexts.Add(attention, new(attention.Project(encoderHiddenStates), image));
        }
        return new UNetConditioning(EmbedAdded(textEmbeds, timeIds), contexts);
    }

    /// <summary>Predicts the noise.</summary>
    /// <param name="sample">The latents, scaled for the noise level, <c>[B, C, h, w]</c>.</param>
    /// <param name="timestep">The timestep, <c>[]</c>, <c>[1]</c> or <c>[B]</c>.</param>
    /// <param name="conditioning">Made for the same batch.</param>
    /// <returns><c>[B, C, h, w]</c>.</returns>
    /// <exception cref="ArgumentException">The sample or the timestep does not fit the configuration or the conditioning.</exception>
    public override Tensor forward(Tensor sample, Tensor timestep, UNetConditioning conditioning)
    {
        TensorShape.Require(sample, nameof(sample), conditioning.Batch, Config.InChannels, null, null);
        if (timestep.numel() != 1)
            TensorShape.Require(timestep, nameof(timestep), conditioning.Batch);
        TensorDevice.Require(this, Device, sample);
        TensorDevice.Require(this, Device, timestep);
        TensorDevice.Require(this, Device, conditioning.AddedEmbedding);

        using var scope = NewDisposeScope();
        var step = new UNetStep(EmbedTime(timestep, conditioning), conditioning, RecomputesActivations);
        var h = convIn.call(sample);
        step.Skips.Push(h);
        foreach (var block in blocks.InTurn())
        {
            var next = block.call(h, step);
            if (block is UpBlock)
                h.Dispose(); // what enters the others is needed on the way up
            h = next;
        }
        return convOut.call(normOut.call(h).silu_()).MoveToOuterDisposeScope();
    }

    // SiLU of the time embedding: every residual block needs that, and nothing needs the embedding itself. [B, t]
    private Tensor EmbedTime(Tensor timestep, UNetConditioning conditioning)
    {
        var sinusoidal = timeProjection.call(timestep.expand(conditioning.Batch)).to(Type);
        return nn.functional.silu(timeEmbedding.call(sinusoidal).Plus(conditioning.AddedEmbedding));
    }

    // Pooled text, then each time id's sinusoidal embedding, through two layers. [B, t]
    private Tensor EmbedAdded(Tensor textEmbeds, Tensor timeIds)
    {
        var sinusoidal = addTimeProjection.call(timeIds.flatten()).reshape(timeIds.shape[0], -1).to(Type);
        return addEmbedding.call(cat([textEmbeds, sinusoidal], dim: -1));
    }
}

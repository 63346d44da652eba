using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using ImgAlign.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Flux;

/// <summary>
/// FLUX.1's transformer (diffusers <c>FluxTransformer2DModel</c>, whose names it has): image tokens at a time of the flow to their
/// velocity.
/// </summary>
public sealed class FluxTransformer : nn.Module<Tensor, Tensor, FluxConditioning, Tensor>, IBlockNetwork
{
    [ComponentName(Name = "time_text_embed")]
    private readonly FluxTimeTextEmbedding timeTextEmbedding;

    [ComponentName(Name = "context_embedder")]
    private readonly CompactLinear textEmbedder;

    [ComponentName(Name = "x_embedder")]
    private readonly CompactLinear imageEmbedder;

    [ComponentName(Name = "transformer_blocks")]
    private readonly ModuleList<DoubleStreamBlock> doubleBlocks;

    [ComponentName(Name = "single_transformer_blocks")]
    private readonly ModuleList<SingleStreamBlock> singleBlocks;

    // The same, one after the other.
    private readonly BlockSequence<nn.Module<Tensor, FluxStep, Tensor>> blocks;

    [ComponentName(Name = "norm_out")]
    private readonly FluxOutputNorm outputNorm;

    [ComponentName(Name = "proj_out")]
    private readonly CompactLinear output;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public FluxTransformer(FluxConfig config, Device device)
        : base(nameof(FluxTransformer))
    {
        Config = config;
        timeTextEmbedding = new FluxTimeTextEmbedding(config, device);
        textEmbedder = new CompactLinear(config.JointAttentionDim, config.Width, hasBias: true, device);
        imageEmbedder = new CompactLinear(config.InChannels, config.Width, hasBias: true, device);
        doubleBlocks = nn.ModuleList<DoubleStreamBlock>([
            .. Enumerable.Range(0, config.NumLayers).Select(i => new DoubleStreamBlock(config, i, device)),
        ]);
        singleBlocks = nn.ModuleList<SingleStreamBlock>([
            .. Enumerable.Range(0, config.NumSingleLayers).Select(_ => new SingleStreamBlock(config, device)),
        ]);
        blocks = new(doubleBlocks.Concat<nn.Module<Tensor, FluxStep, Tensor>>(singleBlocks));
        outputNorm = new FluxOutputNorm(config.Width, device);
        output = new CompactLinear(config.Width, config.OutChannels ?? config.InChannels, hasBias: true, device);
        RegisterComponents();
    }

    /// <summary>The sizes.</summary>
    public FluxConfig Config { get; }

    /// <summary>Where its weights are, but for blocks that come and go.</summary>
    internal Device Device => imageEmbedder.Weight.device;

    BlockSequence IBlockNetwork.Blocks => blocks;

    /// <summary>How this network's parameters are named in a published file, diffusers' or the authors'.</summary>
    /// <param name="checkpoint">The file; only its names are looked at.</param>
    public WeightMap Names(Checkpoint checkpoint) =>
        FluxNames.IsAuthors(checkpoint) ? FluxNames.Authors(Config, checkpoint) : WeightMap.Identity;

    /// <summary>Computes what all steps of a generation share.</summary>
    /// <param name="text">Features of the text's tokens, <c>[B, L, d]</c>.</param>
    /// <param name="pooledText">One vector a text, <c>[B, p]</c>.</param>
    /// <param name="guidance">The distilled guidance scale, <c>[B]</c>; not used by a model without (FLUX.1-schnell).</param>
    /// <param name="textIds">Positions of the text's tokens, <c>[L, 3]</c> or <c>[B, L, 3]</c>; zeros in FLUX.1.</param>
    /// <param name="imageIds">Positions of the image's tokens (<see cref="LatentPatches.Ids"/>), <c>[N, 3]</c> or <c>[B, N, 3]</c>.</param>
    /// <param name="adapter">The adapter for <paramref name="imageTokens"/>, or null for no image prompt.</param>
    /// <param name="imageTokens">Image-prompt features <c>[B, n, d]</c>, or null for no image prompt.</param>
    /// <param name="imageScales">The weight of each sample's image prompt. All 0 is the same as none, to the bit, and costs
    /// nothing.</param>
    /// <returns>Disposed by the caller.</returns>
    /// <exception cref="ArgumentException">A tensor has another shape than the configuration asks for, a part of the image prompt is
    /// missing, or a scale is not finite.</exception>
    public FluxConditioning Prepare(
        Tensor text,
        Tensor pooledText,
        Tensor guidance,
        Tensor textIds,
        Tensor imageIds,
        FluxImagePromptAdapter? adapter = null,
        Tensor? imageTokens = null,
        IReadOnlyList<double>? imageScales = null
    )
    {
        if ((adapter is null) != (imageTokens is null) || (adapter is null) != (imageScales is null))
            throw new ArgumentException("An image prompt needs its adapter, its tokens and their scales.", nameof(imageTokens));
        var batch = text.shape[0];
        if (imageScales is not null && (imageScales.Count != batch || !imageScales.All(double.IsFinite)))
            throw new ArgumentException(
                $"The image prompt's scales must be {batch} finite numbers, but are {string.Join(", ", imageScales)}.",
                nameof(imageScales)
            );
        TensorShape.Require(text, nameof(text), batch, null, Config.JointAttentionDim);
        TensorShape.Require(pooledText, nameof(pooledText), batch, Config.PooledProjectionDim);
        TensorShape.Require(guidance, nameof(guidance), batch);
        if (imageTokens is not null)
            TensorShape.Require(imageTokens, nameof(imageTokens), batch, null, null);
        TensorDevice.Require(this, Device, text);
        TensorDevice.Require(this, Device, pooledText);
        TensorDevice.Require(this, Device, guidance);
        TensorDevice.Require(this, Device, textIds);
        TensorDevice.Require(this, Device, imageIds);
        if (imageTokens is not null)
            TensorDevice.Require(this, Device, imageTokens);

        using var scope = NewDisposeScope();
        return new FluxConditioning(
            textEmbedder.call(text),
            timeTextEmbedding.EmbedTextAndGuidance(pooledText, guidance),
            AxialRope.Table(cat([textIds, imageIds], -2), Config.AxesDimsRope, Config.Theta),
            imageScales is null || imageScales.All(static scale => scale == 0)
                ? null
                : adapter!.Project(imageTokens!, imageScales, Config.NumAttentionHeads)
        );
    }

    /// <summary>Predicts the velocity, dx/dt.</summary>
    /// <param name="image">Image tokens <c>[B, N, C]</c> (<see cref="LatentPatches.Pack"/>).</param>
    /// <param name="timestep">The time from 1 (noise) to 0 (image), <c>[]</c>, <c>[1]</c> or <c>[B]</c>.</param>
    /// <param name="conditioning">Made for the same batch and number of tokens.</param>
    /// <returns><c>[B, N, C]</c>.</returns>
    /// <exception cref="ArgumentException">The image or the timestep does not fit the configuration or the conditioning.</exception>
    public override Tensor forward(Tensor image, Tensor timestep, FluxConditioning conditioning)
    {
        TensorShape.Require(image, nameof(image), conditioning.Batch, conditioning.ImageLength, Config.InChannels);
        if (timestep.numel() != 1)
            TensorShape.Require(timestep, nameof(timestep), conditioning.Batch);
        TensorDevice.Require(this, Device, image);
        TensorDevice.Require(this, Device, timestep);
        TensorDevice.Require(this, Device, conditioning.Text);

        using var scope = NewDisposeScope();
        var vector = timeTextEmbedding.EmbedTime(timestep.expand(conditioning.Batch)).Plus(conditioning.Vector);
        var step = new FluxStep(nn.functional.silu(vector), conditioning);
        var x = RunBlocks(cat([conditioning.Text, imageEmbedder.call(image)], 1), step); // [B, L + N, w]
        var ofImage = x.narrow(1, conditioning.TextLength, conditioning.ImageLength);
        return output.call(outputNorm.call(ofImage, step)).MoveToOuterDisposeScope();
    }

    private Tensor RunBlocks(Tensor x, FluxStep step) =>
        step.Conditioning.StepCache is { } cache ? RunChanged(x, step, cache) : Run(blocks.InTurn(), x, step);

    // All blocks for the samples that the first one changes, and the first one alone for the others.
    private Tensor RunChanged(Tensor x, FluxStep step, FirstBlockCache cache)
    {
        using var inTurn = blocks.InTurn().GetEnumerator();
        inTurn.MoveNext();
        var output = inTurn.Current.call(x, step);
        var changed = cache.Changed(x, output);
        var samples = tensor(changed, int64, x.device);
        var ofChanged = output.index_select(0, samples);
        if (changed.Length == 0)
            return cache.Complete(x, output, changed, ofChanged);
        using var conditioning = step.Conditioning.Select(samples);
        return cache.Complete(
            x,
            output,
            changed,
            Run(Rest(inTurn), ofChanged, new FluxStep(step.ActivatedVector.index_select(0, samples), conditioning))
        );
    }

    private static IEnumerable<T> Rest<T>(IEnumerator<T> items)
    {
        while (items.MoveNext())
            yield return items.Current;
    }

    // Frees what is between the blocks, and x.
    private static Tensor Run(IEnumerable<nn.Module<Tensor, FluxStep, Tensor>> blocks, Tensor x, FluxStep step)
    {
        foreach (var block in blocks)
        {
            using var previous = x;
            x = block.call(previous, step);
        }
        return x;
    }
}

/// <summary>
/// The sum of the embeddings of time, guidance and pooled text (diffusers <c>CombinedTimestepGuidanceTextProjEmbeddings</c>). The last two
/// are the same in all steps.
/// </summary>
internal sealed class FluxTimeTextEmbedding : nn.Module
{
    private const int SinusoidWidth = 256;
    private const double Unit = 1000; // times and guidance are embedded as thousandths

    [ComponentName(Name = "time_proj")]
    private readonly SinusoidalEmbedding sinusoids = new(SinusoidWidth, cosineFirst: true, frequencyShift: 0);

    [ComponentName(Name = "timestep_embedder")]
    private readonly TimestepEmbedding time;

    [ComponentName(Name = "guidance_embedder")]
    private readonly TimestepEmbedding? guidance;

    [ComponentName(Name = "text_embedder")]
    private readonly TimestepEmbedding text;

    public FluxTimeTextEmbedding(FluxConfig config, Device device)
        : base(nameof(FluxTimeTextEmbedding))
    {
        time = new TimestepEmbedding(SinusoidWidth, config.Width, device);
        guidance = config.GuidanceEmbeds ? new TimestepEmbedding(SinusoidWidth, config.Width, device) : null;
        text = new TimestepEmbedding(config.PooledProjectionDim, config.Width, device);
        RegisterComponents();
    }

    /// <summary>Of a time from 0 to 1 a sample, <c>[B]</c>: <c>[B, w]</c>.</summary>
    public Tensor EmbedTime(Tensor timestep) => Embed(time, timestep);

    /// <summary>Of pooled text <c>[B, p]</c>, and of guidance <c>[B]</c> where the model knows it: <c>[B, w]</c>.</summary>
    public Tensor EmbedTextAndGuidance(Tensor pooledText, Tensor scale) =>
        guidance is null ? text.call(pooledText) : text.call(pooledText).Plus(Embed(guidance, scale));

    private Tensor Embed(TimestepEmbedding embedding, Tensor numbers) =>
        embedding.call(sinusoids.call(numbers.to(float32).Times(Unit)).to(embedding.Type));
}

/// <summary>The norm before the last layer, modulated by the step's vector (diffusers <c>AdaLayerNormContinuous</c>).</summary>
internal sealed class FluxOutputNorm : nn.Module<Tensor, FluxStep, Tensor>
{
    [ComponentName(Name = "linear")]
    private readonly CompactLinear linear;

    public FluxOutputNorm(long width, Device device)
        : base(nameof(FluxOutputNorm))
    {
        linear = new CompactLinear(width, 2 * width, hasBias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, FluxStep step)
    {
        using var scope = NewDisposeScope();
        var parts = linear.call(step.ActivatedVector).unsqueeze(1).chunk(2, -1); // scale before shift, each [B, 1, w]
        return Modulation.Normalize(x, parts[1], parts[0].Plus(1)).MoveToOuterDisposeScope();
    }
}

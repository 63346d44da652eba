using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Flux;

/// <summary>
/// A block with weights of their own for text and image, which meet in the attention (diffusers <c>FluxTransformerBlock</c>). An image
/// prompt is attended to by the image's queries, as they are before rotation, and added at the very end: neither gated nor projected (XLabs
/// <c>IPDoubleStreamBlockProcessor</c>).
/// </summary>
internal sealed class DoubleStreamBlock : nn.Module<Tensor, FluxStep, Tensor>
{
    private readonly int index;

    [ComponentName(Name = "norm1")]
    private readonly FluxModulation modulation;

    [ComponentName(Name = "norm1_context")]
    private readonly FluxModulation textModulation;

    [ComponentName(Name = "attn")]
    private readonly FluxAttention attention;

    [ComponentName(Name = "ff")]
    private readonly FluxFeedForward feedForward;

    [ComponentName(Name = "ff_context")]
    private readonly FluxFeedForward textFeedForward;

    /// <summary>Creates the block; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="index">Which double block it is, from 0.</param>
    /// <param name="device">Where its weights are.</param>
    public DoubleStreamBlock(FluxConfig config, int index, Device device)
        : base(nameof(DoubleStreamBlock))
    {
        this.index = index;
        modulation = new FluxModulation(config.Width, 2, device);
        textModulation = new FluxModulation(config.Width, 2, device);
        attention = new FluxAttention(config, isDouble: true, device);
        feedForward = new FluxFeedForward(config, device);
        textFeedForward = new FluxFeedForward(config, device);
        RegisterComponents();
    }

    /// <summary>Runs the block.</summary>
    /// <param name="x">Text tokens, then image tokens, <c>[B, L + N, w]</c>.</param>
    /// <param name="step">What the blocks share.</param>
    /// <returns>The same shape.</returns>
    public override Tensor forward(Tensor x, FluxStep step)
    {
        using var scope = NewDisposeScope();
        var (shared, textLength) = (step.Conditioning, step.Conditioning.TextLength);
        var (text, image) = Part(x);
        var (textAround, imageAround) = (textModulation.Of(step), modulation.Of(step));

        var imageProjections = attention.Project(imageAround[0].Enter(image));
        var attended = attention.ProjectText(textAround[0].Enter(text)).Concat(imageProjections).Attend(shared.Rotations); // [B, L + N, w]
        var (attendedText, attendedImage) = Part(attended);
        text = textAround[0].Leave(text, attention.OutputText(attendedText));
        image = imageAround[0].Leave(image, attention.Output(attendedImage));

        text = textAround[1].Leave(text, textFeedForward.call(textAround[1].Enter(text)));
        image = imageAround[1].Leave(image, feedForward.call(imageAround[1].Enter(image)));
        if (shared.ImagePrompt is { } imagePrompt)
            image = image.Plus(imageProjections.AttendTo(imagePrompt[index]));
        return cat([text, image], 1).MoveToOuterDisposeScope();

        (Tensor Text, Tensor Image) Part(Tensor both) =>
            (both.narrow(1, 0, textLength), both.narrow(1, textLength, both.shape[1] - textLength));
    }
}

/// <summary>
/// A block for text and image alike, with attention and feed-forward side by side and one projection behind both (diffusers
/// <c>FluxSingleTransformerBlock</c>).
/// </summary>
internal sealed class SingleStreamBlock : nn.Module<Tensor, FluxStep, Tensor>
{
    [ComponentName(Name = "norm")]
    private readonly FluxModulation modulation;

    [ComponentName(Name = "attn")]
    private readonly FluxAttention attention;

    [ComponentName(Name = "proj_mlp")]
    private readonly CompactLinear widen;

    [ComponentName(Name = "proj_out")]
    private readonly CompactLinear output;

    /// <summary>Creates the block; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="device">Where its weights are.</param>
    public SingleStreamBlock(FluxConfig config, Device device)
        : base(nameof(SingleStreamBlock))
    {
        modulation = new FluxModulation(config.Width, 1, device);
        attention = new FluxAttention(config, isDouble: false, device);
        widen = new CompactLinear(config.Width, config.MlpWidth, hasBias: true, device);
        output = new CompactLinear(config.Width + config.MlpWidth, config.Width, hasBias: true, device);
        RegisterComponents();
    }

    /// <summary>Runs the block.</summary>
    /// <param name="x">Text tokens, then image tokens, <c>[B, L + N, w]</c>.</param>
    /// <param name="step">What the blocks share.</param>
    /// <returns>The same shape.</returns>
    public override Tensor forward(Tensor x, FluxStep step)
    {
        using var scope = NewDisposeScope();
        var around = modulation.Of(step)[0];
        var normalized = around.Enter(x);
        var attended = attention.Project(normalized).Attend(step.Conditioning.Rotations);
        var hidden = widen.call(normalized).gelu_(GELU.Approximate.tanh);
        return around.Leave(x, output.call(cat([attended, hidden], -1))).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// Projections of an attention (diffusers <c>FluxAttention</c>): those of single blocks, and for double blocks, which attend over text and
/// image together, another set for the text and two projections back.
/// </summary>
internal sealed class FluxAttention : nn.Module
{
    private readonly long heads;

    [ComponentName(Name = "to_q")]
    private readonly CompactLinear queries;

    [ComponentName(Name = "to_k")]
    private readonly CompactLinear keys;

    [ComponentName(Name = "to_v")]
    private readonly CompactLinear values;

    [ComponentName(Name = "norm_q")]
    private readonly RmsNorm queryNorm;

    [ComponentName(Name = "norm_k")]
    private readonly RmsNorm keyNorm;

    [ComponentName(Name = "to_out")]
    private readonly ModuleList<CompactLinear>? output;

    [ComponentName(Name = "add_q_proj")]
    private readonly CompactLinear? textQueries;

    [ComponentName(Name = "add_k_proj")]
    private readonly CompactLinear? textKeys;

    [ComponentName(Name = "add_v_proj")]
    private readonly CompactLinear? textValues;

    [ComponentName(Name = "norm_added_q")]
    private readonly RmsNorm? textQueryNorm;

    [ComponentName(Name = "norm_added_k")]
    private readonly RmsNorm? textKeyNorm;

    [ComponentName(Name = "to_add_out")]
    private readonly CompactLinear? textOutput;

    public FluxAttention(FluxConfig config, bool isDouble, Device device)
        : base(nameof(FluxAttention))
    {
        heads = config.NumAttentionHeads;
        (queries, keys, values) = (Projection(), Projection(), Projection());
        (queryNorm, keyNorm) = (Norm(), Norm());
        if (isDouble)
        {
            (textQueries, textKeys, textValues) = (Projection(), Projection(), Projection());
            (textQueryNorm, textKeyNorm) = (Norm(), Norm());
            (output, textOutput) = (nn.ModuleList(Projection()), Projection());
        }
        RegisterComponents();

        CompactLinear Projection() => new(config.Width, config.Width, hasBias: true, device);
        RmsNorm Norm() => new(config.AttentionHeadDim, 1e-6, device);
    }

    /// <summary>Of image tokens, or of all tokens in a single block.</summary>
    public Projections Project(Tensor x) =>
        new(queryNorm.call(Split(queries.call(x))), keyNorm.call(Split(keys.call(x))), Split(values.call(x)));

    /// <summary>Of text tokens, in a double block.</summary>
    public Projections ProjectText(Tensor x) =>
        new(textQueryNorm!.call(Split(textQueries!.call(x))), textKeyNorm!.call(Split(textKeys!.call(x))), Split(textValues!.call(x)));

    /// <summary>Back to image tokens, in a double block.</summary>
    public Tensor Output(Tensor attended) => output![0].call(attended);

    /// <summary>Back to text tokens, in a double block.</summary>
    public Tensor OutputText(Tensor attended) => textOutput!.call(attended);

    private Tensor Split(Tensor x) => x.view(x.shape[0], x.shape[1], heads, -1);
}

/// <summary>Queries and keys, normalised but not rotated, and values; each <c>[B, N, H, dh]</c>.</summary>
internal sealed record Projections(Tensor Queries, Tensor Keys, Tensor Values)
{
    /// <summary>Tokens of both, one after the other.</summary>
    public Projections Concat(Projections other) =>
        new(cat([Queries, other.Queries], 1), cat([Keys, other.Keys], 1), cat([Values, other.Values], 1));

    /// <summary>Lets every token attend to every token, <c>[B, N, w]</c>.</summary>
    public Tensor Attend(Tensor rotations)
    {
        using var scope = NewDisposeScope();
        var (q, k) = (AxialRope.Rotate(Queries, rotations), AxialRope.Rotate(Keys, rotations));
        return Attention
            .Merge(Attention.AttendHeads(q.transpose(1, 2), k.transpose(1, 2), Values.transpose(1, 2)))
            .MoveToOuterDisposeScope();
    }

    /// <summary>Lets the tokens attend to an image prompt, without rotation, <c>[B, N, w]</c>.</summary>
    public Tensor AttendTo(KeysAndValues imagePrompt)
    {
        using var scope = NewDisposeScope();
        return Attention
            .Merge(Attention.AttendHeads(Queries.transpose(1, 2), imagePrompt.Keys, imagePrompt.Values))
            .MoveToOuterDisposeScope();
    }
}

/// <summary>A linear layer to several times the width with the tanh GELU, and one back (diffusers <c>FeedForward</c> with
/// <c>gelu-approximate</c>).</summary>
internal sealed class FluxFeedForward : nn.Module<Tensor, Tensor>
{
    // The second entry is the dropout that counts in the checkpoint's names.
    [ComponentName(Name = "net")]
    private readonly ModuleList<nn.Module<Tensor, Tensor>> net;

    public FluxFeedForward(FluxConfig config, Device device)
        : base(nameof(FluxFeedForward))
    {
        net = new ModuleList<nn.Module<Tensor, Tensor>>(
            new ActivatedLinear(config.Width, config.MlpWidth, device),
            nn.Identity(),
            new CompactLinear(config.MlpWidth, config.Width, hasBias: true, device)
        );
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => net[2].Consume(net[0].call(x));
}

/// <summary><c>gelu(proj(x))</c>.</summary>
internal sealed class ActivatedLinear : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "proj")]
    private readonly CompactLinear projection;

    public ActivatedLinear(long inputs, long outputs, Device device)
        : base(nameof(ActivatedLinear))
    {
        projection = new CompactLinear(inputs, outputs, hasBias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => projection.call(x).gelu_(GELU.Approximate.tanh);
}

/// <summary>Shifts, scales and gates of a block from the step's vector (diffusers <c>AdaLayerNormZero</c>, FLUX
/// <c>Modulation</c>).</summary>
internal sealed class FluxModulation : nn.Module<Tensor, Tensor>
{
    private readonly int count;

    [ComponentName(Name = "linear")]
    private readonly CompactLinear linear;

    /// <summary>Creates the layer; its weights are uninitialised.</summary>
    /// <param name="width">Width of the tokens.</param>
    /// <param name="count">The number of sublayers that are modulated.</param>
    /// <param name="device">Where its weights are.</param>
    public FluxModulation(long width, int count, Device device)
        : base(nameof(FluxModulation))
    {
        this.count = count;
        linear = new CompactLinear(width, 3 * count * width, hasBias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor activatedVector) => linear.call(activatedVector);

    /// <summary>One a sublayer.</summary>
    public Modulation[] Of(FluxStep step)
    {
        var parts = call(step.ActivatedVector).unsqueeze(1).chunk(3 * count, -1); // each [B, 1, w]
        return [.. parts.Chunk(3).Select(part => new Modulation(part[0], part[1].Plus(1), part[2]))];
    }
}

/// <summary>How one sublayer is modulated; each part is <c>[B, 1, w]</c>.</summary>
internal sealed record Modulation(Tensor Shift, Tensor Factor, Tensor Gate)
{
    /// <summary>What enters the sublayer: <c>norm(x) (1 + scale) + shift</c>.</summary>
    public Tensor Enter(Tensor x) => Normalize(x, Shift, Factor);

    /// <summary>What leaves it: <c>x + gate y</c>.</summary>
    public Tensor Leave(Tensor x, Tensor y) => x.PlusProduct(Gate, y);

    /// <summary>A layer norm without weights of its own, then a factor and a shift.</summary>
    public static Tensor Normalize(Tensor x, Tensor shift, Tensor factor)
    {
        using var normalized = nn.functional.layer_norm(x, [x.shape[^1]], eps: 1e-6);
        return shift.PlusProduct(normalized, factor);
    }
}

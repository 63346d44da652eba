using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Linear = ImgAlign.Networks.Layers.Linear;

namespace ImgAlign.Networks.Flux;

/// <summary>
/// Projections of an attention (diffusers <c>FluxAttention</c>): those of single blocks, and for double blocks, which attend over text and
/// image together, another set for the text and two projections back.
/// </summary>
internal sealed class FluxAttention : nn.Module
{
    private readonly long heads;

    [ComponentName(Name = "to_q")]
    private readonly Linear queries;

    [ComponentName(Name = "to_k")]
    private readonly Linear keys;

    [ComponentName(Name = "to_v")]
    private readonly Linear values;

    [ComponentName(Name = "norm_q")]
    private readonly RmsNorm queryNorm;

    [ComponentName(Name = "norm_k")]
    private readonly RmsNorm keyNorm;

    [ComponentName(Name = "to_out")]
    private readonly ModuleList<Linear>? output;

    [ComponentName(Name = "add_q_proj")]
    private readonly Linear? textQueries;

    [ComponentName(Name = "add_k_proj")]
    private readonly Linear? textKeys;

    [ComponentName(Name = "add_v_proj")]
    private readonly Linear? textValues;

    [ComponentName(Name = "norm_added_q")]
    private readonly RmsNorm? textQueryNorm;

    [ComponentName(Name = "norm_added_k")]
    private readonly RmsNorm? textKeyNorm;

    [ComponentName(Name = "to_add_out")]
    private readonly Linear? textOutput;

    public FluxAttention(FluxConfig config, bool isDouble, Device device) : base(nameof(FluxAttention))
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

        Linear Projection() => new(config.Width, config.Width, hasBias: true, device);
        RmsNorm Norm() => new(config.AttentionHeadDim, 1e-6, device);
    }

    /// <summary>Of image tokens, or of all tokens in a single block.</summary>
    public Projections Project(Tensor x) => new(queryNorm.call(Split(queries.call(x))), keyNorm.call(Split(keys.call(x))), Split(values.call(x)));

    /// <summary>Of text tokens, in a double block.</summary>
    public Projections ProjectText(Tensor x) => new(textQueryNorm!.call(Split(textQueries!.call(x))), textKeyNorm!.call(Split(textKeys!.call(x))), Split(textValues!.call(x)));

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
    public Projections Concat(Projections other) => new(cat([Queries, other.Queries], 1), cat([Keys, other.Keys], 1), cat([Values, other.Values], 1));

    /// <summary>Lets every token attend to every token, <c>[B, N, w]</c>.</summary>
    public Tensor Attend(Tensor rotations)
    {
        using var scope = NewDisposeScope();
        var (q, k) = (AxialRope.Rotate(Queries, rotations), AxialRope.Rotate(Keys, rotations));
        return Attention.Merge(Attention.AttendHeads(q.transpose(1, 2), k.transpose(1, 2), Values.transpose(1, 2))).MoveToOuterDisposeScope();
    }

    /// <summary>Lets the tokens attend to an image prompt, without rotation, <c>[B, N, w]</c>.</summary>
    public Tensor AttendTo(KeysAndValues imagePrompt)
    {
        using var scope = NewDisposeScope();
        return Attention.Merge(Attention.AttendHeads(Queries.transpose(1, 2), imagePrompt.Keys, imagePrompt.Values)).MoveToOuterDisposeScope();
    }
}

using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Linear = ImgAlign.Networks.Layers.Linear;

namespace ImgAlign.Networks.Sdxl;

/// <summary>
/// Attention of the UNet to its own tokens or to the text, and, decoupled from it, to an image prompt:
/// <c>to_out(attn(q, k, v) + attn(q, k_image, scale * v_image))</c> (IP-Adapter, Eq. 5).
/// </summary>
internal sealed class UNetAttention : nn.Module<Tensor, CrossAttentionContext, Tensor>
{
    private readonly long heads;

    [ComponentName(Name = "to_q")]
    private readonly Linear toQueries;

    [ComponentName(Name = "to_k")]
    private readonly Linear toKeys;

    [ComponentName(Name = "to_v")]
    private readonly Linear toValues;

    [ComponentName(Name = "to_out")]
    private readonly ModuleList<Linear> toOut;

    /// <summary>Creates the layers; their weights are uninitialised.</summary>
    /// <param name="width">Width of the tokens.</param>
    /// <param name="contextWidth">Width of what they attend to.</param>
    /// <param name="heads">The number of heads.</param>
    /// <param name="device">Where its weights are.</param>
    public UNetAttention(long width, long contextWidth, long heads, Device device) : base(nameof(UNetAttention))
    {
        this.heads = heads;
        toQueries = new Linear(width, width, hasBias: false, device);
        toKeys = new Linear(contextWidth, width, hasBias: false, device);
        toValues = new Linear(contextWidth, width, hasBias: false, device);
        toOut = new ModuleList<Linear>(new Linear(width, width, hasBias: true, device));
        RegisterComponents();
    }

    /// <summary>Keys and values of what is attended to.</summary>
    /// <param name="context"><c>[B, M, d]</c>.</param>
    public KeysAndValues Project(Tensor context) => Split(toKeys.call(context), toValues.call(context));

    /// <summary>Gives an image prompt's projections the weights of the text's.</summary>
    public void CopyContextWeights(ImagePromptProjection projection) => projection.Copy(toKeys.Weight, toValues.Weight);

    /// <summary>Splits keys and values that were projected elsewhere, <c>[B, M, H * dh]</c>, into this attention's heads; views.</summary>
    public KeysAndValues Split(Tensor keys, Tensor values) => new(Attention.Split(keys, heads), Attention.Split(values, heads));

    /// <summary>Attends.</summary>
    /// <param name="x">The tokens, <c>[B, N, C]</c>.</param>
    /// <param name="context">What they attend to.</param>
    /// <returns><c>[B, N, C]</c>.</returns>
    public override Tensor forward(Tensor x, CrossAttentionContext context)
    {
        using var scope = NewDisposeScope();
        var queries = Attention.Split(toQueries.call(x), heads);
        var attended = Attention.AttendHeads(queries, context.Text.Keys, context.Text.Values);
        if (context.Image is { } image) attended = attended.Plus(Attention.AttendHeads(queries, image.Keys, image.Values));
        return toOut[0].call(Attention.Merge(attended)).MoveToOuterDisposeScope();
    }
}

using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Perceiver;

/// <summary>
/// Latents read a context, then a feed-forward; both residual. What is read of the context does not depend on the latents and is made
/// once, by <see cref="Prepare"/>.
/// </summary>
internal sealed class PerceiverLayer : nn.Module<Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "0")]
    private readonly PerceiverAttention attention;

    [ComponentName(Name = "1")]
    private readonly PerceiverFeedForward feedForward;

    public PerceiverLayer(PerceiverConfig config, Device device) : base(nameof(PerceiverLayer))
    {
        attention = new PerceiverAttention(config, device);
        feedForward = new PerceiverFeedForward(config, device);
        RegisterComponents();
    }

    /// <summary>Keys and values of the context, <c>[B, N, w]</c> to <c>[B, N, 2 H dh]</c>.</summary>
    public Tensor Prepare(Tensor context) => attention.Prepare(context);

    /// <summary>Runs the layer on a context that nothing else is made of.</summary>
    /// <param name="latents"><c>[B, n, w]</c>.</param>
    /// <param name="context"><c>[B, N, w]</c>.</param>
    /// <param name="recomputes">Whether activations are computed again for their gradients instead of kept.</param>
    /// <returns><c>[B, n, w]</c>.</returns>
    public Tensor Read(Tensor latents, Tensor context, bool recomputes = false) => Recomputation.Run(
        recomputes,
        inputs =>
        {
            using var keysAndValues = Prepare(inputs[1]);
            return call(inputs[0], keysAndValues);
        },
        latents, context);

    /// <summary>Runs the layer.</summary>
    /// <param name="latents"><c>[B, n, w]</c>.</param>
    /// <param name="keysAndValues">Made by <see cref="Prepare"/>.</param>
    /// <returns><c>[B, n, w]</c>.</returns>
    public override Tensor forward(Tensor latents, Tensor keysAndValues)
    {
        using var scope = NewDisposeScope();
        var y = latents.Plus(attention.call(latents, keysAndValues));
        return y.Plus(feedForward.call(y)).MoveToOuterDisposeScope();
    }
}

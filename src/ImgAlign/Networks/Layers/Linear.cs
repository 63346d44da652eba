using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary><c>y = x W^T + b</c>.</summary>
public sealed class Linear : AffineLayer
{
    /// <summary>Creates the layer; its weights are uninitialised.</summary>
    /// <param name="inputs">Width of x.</param>
    /// <param name="outputs">Width of y.</param>
    /// <param name="hasBias">Whether there is a b.</param>
    /// <param name="device">Where its weights are; <see cref="TorchSharp.torch.META"/> until a checkpoint is bound.</param>
    public Linear(long inputs, long outputs, bool hasBias, Device device) : base(nameof(Linear), [outputs, inputs], hasBias, device)
    {
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => LinearProduct.Apply(input, Weight, Bias);
}

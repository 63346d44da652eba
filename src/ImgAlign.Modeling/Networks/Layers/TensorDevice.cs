using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>Checks of where arguments are.</summary>
internal static class TensorDevice
{
    /// <summary>
    /// Refuses an input that is on another device than its network. Without it, an operator somewhere inside fails, or moves the tensor
    /// without a word.
    /// </summary>
    /// <param name="network">The network.</param>
    /// <param name="device">Where its weights are.</param>
    /// <param name="input">The input.</param>
    /// <param name="name">The input's name.</param>
    /// <exception cref="ArgumentException">The input is on another device.</exception>
    public static void Require(nn.Module network, Device device, Tensor input, [CallerArgumentExpression(nameof(input))] string name = "")
    {
        if (input.device_type == device.type && input.device_index == device.index)
            return;
        throw new ArgumentException(
            $"{network.GetName()} is on {device}, but its input {name} is on {input.device}; move it to {device} before the call.",
            name
        );
    }
}

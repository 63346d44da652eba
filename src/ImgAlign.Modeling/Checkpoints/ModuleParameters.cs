using System.Runtime.CompilerServices;
using TorchSharp;
using TorchSharp.Modules;

namespace ImgAlign.Checkpoints;

/// <summary>Exchanges a network's parameters one by one: TorchSharp's <c>load_state_dict</c> needs both copies, and <c>to()</c> forgets
/// references.</summary>
public static class ModuleParameters
{
    /// <summary>All leaf layers that own parameters, with their paths.</summary>
    public static IEnumerable<NetworkParameter> Enumerate(torch.nn.Module network)
    {
        foreach (var (path, module) in network.named_modules().Prepend(("", network)))
        {
            foreach (var parameter in OfLayer(module))
                yield return path.Length == 0 ? parameter : parameter with { Path = $"{path}.{parameter.Path}" };
        }
    }

    /// <summary>The parameters that a layer itself has.</summary>
    public static IEnumerable<NetworkParameter> OfLayer(torch.nn.Module layer) =>
        layer.named_parameters(recurse: false).Select(pair => new NetworkParameter(pair.name, layer, pair.name, pair.parameter));

    /// <summary>The leaf layers that own parameters.</summary>
    public static IReadOnlyList<torch.nn.Module> LayersOf(torch.nn.Module network) =>
        [.. Enumerate(network).Select(parameter => parameter.Owner).Distinct()];

    /// <summary>Replaces one parameter of a leaf layer with a tensor, which it takes over; the old parameter is disposed.</summary>
    /// <exception cref="NotSupportedException">The layer is of a kind whose parameters cannot be replaced.</exception>
    public static void Assign(torch.nn.Module owner, string name, torch.Tensor value)
    {
        var parameter = AsParameter(value);
        switch (owner)
        {
            case IParameterHolder holder:
                holder.Assign(name, parameter);
                break;
            case GroupNorm norm when name == "weight":
                norm.weight = parameter;
                break;
            case GroupNorm norm:
                norm.bias = parameter;
                break;
            case LayerNorm norm when name == "weight":
                norm.weight = parameter;
                break;
            case LayerNorm norm:
                norm.bias = parameter;
                break;
            case Linear linear when name == "weight":
                linear.weight = parameter;
                break;
            case Linear linear:
                linear.bias = parameter;
                break;
            case Conv2d convolution when name == "weight":
                convolution.weight = parameter;
                break;
            case Conv2d convolution:
                convolution.bias = parameter;
                break;
            case Embedding embedding:
                embedding.weight = parameter;
                break;
            default:
                throw new NotSupportedException(
                    $"{owner.GetType().Name}.{name} cannot be given weights: implement {nameof(IParameterHolder)} on it."
                );
        }
    }

    /// <summary>Makes a tensor, which it takes over, a parameter that is not trained.</summary>
    public static Parameter AsParameter(torch.Tensor value)
    {
        var parameter = Adopt(value.DetachFromDisposeScope().DecoupleFromNativeHandle());
        parameter.requires_grad = false;
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    // The public constructor takes a tensor over but still counts it as live, so that torch.Tensor.TotalCount would grow with every load.
    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    private static extern Parameter Adopt(IntPtr handle);
}

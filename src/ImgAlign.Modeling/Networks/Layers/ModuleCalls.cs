using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>Ways to run a module.</summary>
internal static class ModuleCalls
{
    /// <summary>
    /// Runs a module and frees what went in: in a chain of large activations, the dispose scope would keep every one until its end.
    /// </summary>
    public static Tensor Consume(this nn.Module<Tensor, Tensor> module, Tensor input)
    {
        using (input)
            return module.call(input);
    }
}

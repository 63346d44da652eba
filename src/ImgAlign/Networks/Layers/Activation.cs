using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>The activations that a <c>config.json</c> names.</summary>
internal static class Activation
{
    /// <summary>Finds an activation by its name in transformers' configurations.</summary>
    /// <param name="name"><c>gelu</c> (exact), <c>quick_gelu</c> or <c>silu</c>.</param>
    /// <exception cref="ImgAlignException">The name is not known.</exception>
    public static Func<Tensor, Tensor> ByName(string name) => name switch
    {
        "gelu" => static x => nn.functional.gelu(x),
        "quick_gelu" => QuickGelu,
        "silu" => static x => nn.functional.silu(x),
        _ => throw new ImgAlignException($"Activation '{name}' in config.json is not known here; gelu, quick_gelu and silu are."),
    };

    /// <summary><c>x * sigmoid(1.702 x)</c>, OpenAI CLIP's approximation of GELU.</summary>
    public static Tensor QuickGelu(Tensor x)
    {
        using var scaled = x * 1.702;
        using var gate = scaled.sigmoid();
        return x * gate;
    }
}

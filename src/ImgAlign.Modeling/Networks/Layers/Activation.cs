using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>The activations that a <c>config.json</c> names.</summary>
internal static class Activation
{
    /// <summary>Finds an activation by its name in transformers' configurations.</summary>
    /// <param name="name"><c>gelu</c> (exact), <c>gelu_new</c> or <c>gelu_pytorch_tanh</c> (the tanh approximation), <c>quick_gelu</c>,
    /// <c>relu</c> or <c>silu</c>.</param>
    /// <exception cref="ImgAlignException">The name is not known.</exception>
    public static Func<Tensor, Tensor> ByName(string name) =>
        name switch
        {
            "gelu" => static x => nn.functional.gelu(x),
            "gelu_new" or "gelu_pytorch_tanh" => TanhGelu,
            "quick_gelu" => QuickGelu,
            "relu" => static x => nn.functional.relu(x),
            "silu" => static x => nn.functional.silu(x),
            _ => throw new ImgAlignException(
                $"Activation '{name}' in config.json is not known here; gelu, gelu_new, gelu_pytorch_tanh, quick_gelu, relu and silu are."
            ),
        };

    /// <summary><c>x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))</c>, the tanh approximation of GELU.</summary>
    public static Tensor TanhGelu(Tensor x) => x.gelu(TorchSharp.Modules.GELU.Approximate.tanh);

    /// <summary><c>x * sigmoid(1.702 x)</c>, OpenAI CLIP's approximation of GELU.</summary>
    public static Tensor QuickGelu(Tensor x)
    {
        using var scaled = x.Times(1.702);
        using var gate = scaled.sigmoid();
        return x * gate;
    }
}

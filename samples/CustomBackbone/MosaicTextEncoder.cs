using System.Text;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace CustomBackbone;

/// <summary>Reads a prompt letter by letter: the mean of one vector for each of its bytes.</summary>
public sealed class MosaicTextEncoder : nn.Module<Tensor, Tensor>
{
    private const long NoPrompt = 256;

    [ComponentName(Name = "bytes")]
    private readonly EmbeddingTable bytes;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="width">The width of a vector.</param>
    /// <param name="device">Where its weights are; the meta device until a checkpoint is bound.</param>
    public MosaicTextEncoder(int width, Device device)
        : base(nameof(MosaicTextEncoder))
    {
        bytes = new EmbeddingTable(NoPrompt + 1, width, device);
        RegisterComponents();
    }

    /// <summary>The tokens of a prompt; null and the empty one have a token of their own.</summary>
    public static long[] Tokenize(string? prompt) =>
        string.IsNullOrEmpty(prompt) ? [NoPrompt] : [.. Encoding.UTF8.GetBytes(prompt).Select(static value => (long)value)];

    /// <summary>Tokens <c>[L]</c> to features <c>[1, w]</c>.</summary>
    public override Tensor forward(Tensor tokens)
    {
        using var vectors = bytes.call(tokens);
        return vectors.mean([0], keepdim: true);
    }
}

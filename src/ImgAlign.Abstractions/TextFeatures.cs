using TorchSharp;

namespace ImgAlign;

/// <summary>Encoded prompts: what a diffusion network attends to and is modulated by. Owns its tensors.</summary>
public sealed class TextFeatures : IDisposable
{
    /// <summary>Takes over both tensors.</summary>
    /// <param name="tokens">One feature vector a token, <c>[B, L, d]</c>.</param>
    /// <param name="pooled">One feature vector a prompt, <c>[B, p]</c>.</param>
    public TextFeatures(torch.Tensor tokens, torch.Tensor pooled)
    {
        Tokens = tokens;
        Pooled = pooled;
    }

    /// <summary>One feature vector a token, <c>[B, L, d]</c>.</summary>
    public torch.Tensor Tokens { get; }

    /// <summary>One feature vector a prompt, <c>[B, p]</c>.</summary>
    public torch.Tensor Pooled { get; }

    /// <summary>The number of prompts, B.</summary>
    public int Batch => (int)Tokens.shape[0];

    /// <summary>Frees both tensors.</summary>
    public void Dispose()
    {
        Tokens.Dispose();
        Pooled.Dispose();
    }
}

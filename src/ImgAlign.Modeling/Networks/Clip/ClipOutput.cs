using TorchSharp;

namespace ImgAlign.Networks.Clip;

/// <summary>What a CLIP tower gives. Owns its tensors.</summary>
/// <param name="Penultimate"><c>[B, N, w]</c>: what enters the last block, without a norm (<c>hidden_states[-2]</c>).</param>
/// <param name="LastHiddenState"> <c>[B, N, w]</c>: the text tower's last block after the final norm, or the vision tower's before its
/// norm; null when the tower was built without it.
/// </param>
/// <param name="Pooled"> One vector for the whole input, after the norm: the end token's or the class token's, <c>[B, w]</c>, projected to
/// <c>[B, p]</c> where the checkpoint has a projection (<c>text_embeds</c>, <c>image_embeds</c>); null when the tower was built without it.
/// </param>
public sealed record ClipOutput(torch.Tensor Penultimate, torch.Tensor? LastHiddenState, torch.Tensor? Pooled) : IDisposable
{
    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        Penultimate.Dispose();
        LastHiddenState?.Dispose();
        Pooled?.Dispose();
    }

    internal ClipOutput MoveToOuterDisposeScope()
    {
        Penultimate.MoveToOuterDisposeScope();
        LastHiddenState?.MoveToOuterDisposeScope();
        Pooled?.MoveToOuterDisposeScope();
        return this;
    }
}

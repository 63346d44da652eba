using TorchSharp;

namespace ImgAlign;

/// <summary>What a detector made of an image and a question. Owns its tensor.</summary>
public sealed class Detection : IDisposable
{
    /// <summary>Takes over the tensor.</summary>
    /// <param name="hiddenStates">The last layer's hidden states after the final norm, <c>[1, N, D]</c>.</param>
    /// <param name="critique">The answer in words, or null where none was asked for.</param>
    public Detection(torch.Tensor hiddenStates, string? critique = null)
    {
        HiddenStates = hiddenStates;
        Critique = critique;
    }

    /// <summary>The last layer's hidden states after the final norm, <c>[1, N, D]</c>: every token of image and question, none of the
    /// answer.</summary>
    public torch.Tensor HiddenStates { get; }

    /// <summary>The answer in words, so that a person sees what the detector saw; null where none was asked for.</summary>
    public string? Critique { get; }

    /// <summary>Frees the tensor.</summary>
    public void Dispose() => HiddenStates.Dispose();
}

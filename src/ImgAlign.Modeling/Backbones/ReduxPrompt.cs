using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>Prompts that consist of text and a picture, as diffusers' <c>FluxPriorReduxPipeline</c> puts them together.</summary>
public static class ReduxPrompt
{
    /// <summary>The tokens of pictures behind those of their texts.</summary>
    /// <param name="text"><c>[B, L, d]</c>.</param>
    /// <param name="pictures"><c>[B, N, d]</c>.</param>
    /// <returns><c>[B, L + N, d]</c>; disposed by the caller.</returns>
    public static Tensor Join(Tensor text, Tensor pictures) => cat([text, pictures.to(text.dtype)], 1);
}

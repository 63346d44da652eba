using ImgAlign.Imaging;
using ImgAlign.Networks.Llama;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Qwen;

/// <summary>A Qwen that sees: Qwen2.5-VL or Qwen3-VL.</summary>
public interface IQwenModel
{
    /// <summary>The language model with its head.</summary>
    LlamaForCausalLM LanguageModel { get; }

    /// <summary>Reads tokens and images: prefill without logits.</summary>
    /// <param name="ids">Token ids <c>[B, N]</c>, the image's token once for each merged cell.</param>
    /// <param name="images">The images in the order of their places, or null for none.</param>
    /// <param name="cache">Remembers what was read, so that an answer can follow; null for a single pass.</param>
    /// <returns>Hidden states of the last layer after the final norm, <c>[B, N, D]</c>.</returns>
    /// <exception cref="ArgumentException">Images and places differ, or an id is not in the vocabulary.</exception>
    /// <exception cref="InvalidRequestException">The sequence is longer than the model allows.</exception>
    Tensor Run(Tensor ids, ImagePatches? images, KeyValueCache? cache = null);
}

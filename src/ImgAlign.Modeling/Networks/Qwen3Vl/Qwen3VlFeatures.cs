using static TorchSharp.torch;

namespace ImgAlign.Networks.Qwen3Vl;

/// <summary>What Qwen3-VL's tower makes of images.</summary>
/// <param name="Cells">What takes the images' places in the sequence, <c>[cells, D]</c>.</param>
/// <param name="Deepstack">What is added at these places behind the language model's first layers, one <c>[cells, D]</c> a layer.</param>
public sealed record Qwen3VlFeatures(Tensor Cells, IReadOnlyList<Tensor> Deepstack);

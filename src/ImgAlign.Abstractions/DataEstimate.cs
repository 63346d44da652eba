using TorchSharp;

namespace ImgAlign;

/// <summary>The data that the network expects behind the noise of a sample, with guidance.</summary>
/// <param name="x">The sample <c>[B, C, h, w]</c>, float32; borrowed.</param>
/// <param name="step">The step that the evaluation belongs to, from 0.</param>
/// <param name="level">The sample's noise level.</param>
/// <returns><c>[B, C, h, w]</c>, float32; disposed by the caller.</returns>
public delegate torch.Tensor DataEstimate(torch.Tensor x, int step, NoiseLevel level);

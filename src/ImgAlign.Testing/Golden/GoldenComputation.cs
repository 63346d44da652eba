using TorchSharp;

namespace ImgAlign.Testing.Golden;

/// <summary>Computes a case's outputs by name. Runs inside a dispose scope without gradients; results may stay in that scope.</summary>
/// <param name="golden">The case.</param>
/// <param name="device">Where to compute.</param>
public delegate IReadOnlyDictionary<string, torch.Tensor> GoldenComputation(GoldenCase golden, torch.Device device);

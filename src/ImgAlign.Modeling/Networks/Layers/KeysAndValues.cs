using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>Keys and values, split into heads.</summary>
/// <param name="Keys"><c>[B, H, M, dh]</c>.</param>
/// <param name="Values"><c>[B, H, M, dh]</c>.</param>
internal sealed record KeysAndValues(Tensor Keys, Tensor Values);

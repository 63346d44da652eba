using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>A decoder or an encoder, read and checked.</summary>
/// <param name="Source">The network and its weights.</param>
/// <param name="Config">The autoencoder's sizes.</param>
/// <param name="Type">The type that it runs in.</param>
internal sealed record AutoencoderHalf(ModelSource<Autoencoder> Source, AutoencoderConfig Config, ScalarType Type);

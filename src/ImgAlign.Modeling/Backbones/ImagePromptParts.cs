using ImgAlign.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>What an image-prompt encoder is made of, read and checked.</summary>
/// <param name="Encoder">From pictures to features.</param>
/// <param name="Projection">From features to tokens.</param>
/// <param name="Tokens">The number of tokens that an image becomes, n.</param>
/// <param name="Width">The width of a token, d.</param>
public sealed record ImagePromptParts<TProjection>(ImageEncoderParts Encoder, ModelSource<TProjection> Projection, int Tokens, int Width)
    where TProjection : nn.Module<Tensor, Tensor>;

using ImgAlign.Networks.Clip;
using ImgAlign.Networks.T5;
using ImgAlign.Runtime;
using ImgAlign.Tokenizers;

namespace ImgAlign.Backbones;

/// <summary>What FLUX's text encoders are made of, read and checked.</summary>
/// <param name="ClipTokenizer">CLIP's tokenizer.</param>
/// <param name="T5Tokenizer">T5's tokenizer.</param>
/// <param name="Clip">CLIP.</param>
/// <param name="T5">T5.</param>
/// <param name="Width">The width of a token's features.</param>
/// <param name="PooledWidth">The width of the pooled features.</param>
internal sealed record FluxTextParts(
    ClipTokenizer ClipTokenizer,
    T5Tokenizer T5Tokenizer,
    ModelSource<ClipTextModel> Clip,
    ModelSource<T5EncoderModel> T5,
    int Width,
    int PooledWidth
)
{
    public static FluxTextParts Read(FluxFiles files)
    {
        var (clip, t5) = (files.ReadClip(), files.ReadT5());
        return new(files.LoadClipTokenizer(), files.LoadT5Tokenizer(), files.Clip(clip), files.T5(t5), t5.DModel, clip.HiddenSize);
    }
}

using ImgAlign.ShapeWorld.Language;
using ImgAlign.Tokenizers;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>Captions as the text encoders take them.</summary>
/// <param name="Captions">The captions.</param>
/// <param name="Ids">Token ids <c>[B, N]</c>.</param>
/// <param name="Ends">The position of each caption's end token.</param>
internal sealed record CaptionTokens(IReadOnlyList<string> Captions, Tensor Ids, IReadOnlyList<int> Ends)
{
    /// <summary>Tokenizes captions.</summary>
    public static CaptionTokens Of(ClipTokenizer tokenizer, IReadOnlyList<string> captions)
    {
        var ids = new List<long>();
        var ends = new List<int>();
        foreach (var caption in captions)
        {
            ids.AddRange(tokenizer.Encode(caption, ClipTokenizerFiles.MaxLength, out var length));
            ends.Add(length - 1);
        }
        return new CaptionTokens(captions, tensor(ids.ToArray(), [ends.Count, ClipTokenizerFiles.MaxLength]), ends);
    }
}

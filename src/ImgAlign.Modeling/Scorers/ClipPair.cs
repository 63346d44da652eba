namespace ImgAlign.Scorers;

/// <summary>The two encoders of a CLIP, which put pictures and prompts into one space.</summary>
/// <param name="Pictures">From pictures.</param>
/// <param name="Prompts">From prompts.</param>
/// <param name="Factor">What a scorer multiplies the cosine by.</param>
public sealed record ClipPair(PictureParts Pictures, PromptParts Prompts, double Factor)
{
    /// <summary>Reads a whole model in transformers' layout (<c>CLIPModel</c>).</summary>
    /// <param name="scorer">The scorer that it is for.</param>
    /// <param name="path">The folder.</param>
    /// <param name="factor">What the scorer multiplies the cosine by.</param>
    /// <param name="tokenizerPath">The tokenizer's folder; null: the model's.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken.</exception>
    public static ClipPair Read(string scorer, string path, double factor = 1, string? tokenizerPath = null) =>
        new(PictureParts.Read(scorer, path), PromptParts.Read(scorer, path, tokenizerPath), factor);
}

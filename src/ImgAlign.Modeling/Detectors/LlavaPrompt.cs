using ImgAlign.Networks.Llava;
using ImgAlign.Tokenizers;

namespace ImgAlign.Detectors;

/// <summary>LLaVA's prompts as token ids (<c>tokenizer_image_token</c>).</summary>
public static class LlavaPrompt
{
    /// <summary>The id that stands where an image's features are put in.</summary>
    public const int ImageId = LlavaTokens.Image;

    /// <summary>The ids of a prompt, begin first, with <see cref="ImageId"/> for every
    /// <see cref="ConversationTemplate.ImageToken"/>.</summary>
    /// <param name="tokenizer">The language model's tokenizer.</param>
    /// <param name="prompt">The whole prompt.</param>
    public static IReadOnlyList<int> Tokenize(LlamaTokenizer tokenizer, string prompt)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(prompt);
        var ids = new List<int> { tokenizer.BeginId };
        foreach (var (index, chunk) in prompt.Split(ConversationTemplate.ImageToken).Index())
        {
            // Each chunk is a text of its own, so what follows an image begins with ▁ even before a line break.
            if (index > 0)
                ids.Add(ImageId);
            ids.AddRange(tokenizer.Encode(chunk, addBos: false));
        }
        return ids;
    }
}

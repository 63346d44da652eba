namespace ImgAlign.Detectors;

/// <summary>How a question to Qwen2.5-VL or Qwen3-VL is put into a conversation: the published chat template for one question about any number of
/// images.</summary>
public static class QwenPrompt
{
    /// <summary>What stands in a prompt where an image is read; its token is repeated for every position that the image takes.</summary>
    public const string ImageToken = "<|image_pad|>";

    /// <summary>What stands where a video is read.</summary>
    internal const string VideoToken = "<|video_pad|>";

    /// <summary>The system message where none is given.</summary>
    public const string DefaultSystem = "You are a helpful assistant.";

    /// <summary>How VQAScore asks Qwen's models (t2v_metrics 3.1).</summary>
    public static VqaTemplate VqaScore { get; } = new("Does this figure show \"{}\"? Please answer Yes or No.", "Yes", AnswerTokens.First);

    /// <summary>The whole prompt.</summary>
    /// <param name="question">The question.</param>
    /// <param name="images">The number of images that are read before the question.</param>
    /// <param name="system">The system message, which may be empty; null: <see cref="DefaultSystem"/>.</param>
    /// <param name="addsSystem">Whether a conversation without a system message gets the default one, as Qwen2.5-VL's does and Qwen3-VL's
    /// does not.</param>
    /// <param name="beginsAnswer">Whether the prompt ends where the answer begins, and not with the question.</param>
    public static string Render(string question, int images = 1, string? system = null, bool addsSystem = true, bool beginsAnswer = true)
    {
        ArgumentNullException.ThrowIfNull(question);
        var places = string.Concat(Enumerable.Repeat($"<|vision_start|>{ImageToken}<|vision_end|>", images));
        var turn = (system ?? (addsSystem ? DefaultSystem : null)) is { } message ? Turn("system", message) : "";
        return turn + Turn("user", places + question) + (beginsAnswer ? "<|im_start|>assistant\n" : "");

        static string Turn(string role, string content) => $"<|im_start|>{role}\n{content}<|im_end|>\n";
    }
}

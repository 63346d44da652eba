namespace ImgAlign.Detectors;

/// <summary>How a question to LLaVA is put into a conversation (<c>llava/conversation.py</c>). Which one a model needs depends on its
/// training.</summary>
public sealed class ConversationTemplate
{
    /// <summary>What stands in a prompt where an image is read.</summary>
    public const string ImageToken = "<image>";

    private readonly string before;
    private readonly string after;

    private ConversationTemplate(string name, string before, string after, string? turnEnd = null)
    {
        Name = name;
        TurnEnd = turnEnd;
        this.before = before;
        this.after = after;
    }

    /// <summary>The one that the released IMG uses, because its folder of LLaVA is named <c>llava</c>.</summary>
    public static ConversationTemplate LlavaV0 { get; } = new("llava_v0", System("human") + "###Human: ", "###Assistant:", turnEnd: "###");

    /// <summary>LLaVA's own v1, with a "curious human".</summary>
    public static ConversationTemplate LlavaV1 { get; } = new("llava_v1", System("human") + " USER: ", " ASSISTANT:");

    /// <summary>The one that LLaVA-1.5 was trained with, with a "curious user".</summary>
    public static ConversationTemplate VicunaV1 { get; } = new("vicuna_v1", System("user") + " USER: ", " ASSISTANT:");

    /// <summary>The question alone and a line's end: LLaVA's own for the first stage of training, and for small models.</summary>
    public static ConversationTemplate Plain { get; } = new("plain", "", "\n");

    /// <summary>All templates.</summary>
    public static IReadOnlyList<ConversationTemplate> All { get; } = [LlavaV0, LlavaV1, VicunaV1, Plain];

    /// <summary>The name by which options choose it.</summary>
    public string Name { get; }

    /// <summary>What ends an answer in its text; null where only the end token does.</summary>
    public string? TurnEnd { get; }

    /// <summary>Finds a template.</summary>
    /// <param name="name"><c>llava_v0</c>, <c>llava_v1</c>, <c>vicuna_v1</c> or <c>plain</c>.</param>
    /// <exception cref="ImgAlignException">There is none of that name.</exception>
    public static ConversationTemplate ByName(string name) =>
        All.FirstOrDefault(template => template.Name == name)
        ?? throw new ImgAlignException(
            $"There is no conversation template '{name}'; choose one of {string.Join(", ", All.Select(template => template.Name))}."
        );

    /// <summary>The whole prompt, up to where the answer begins.</summary>
    /// <param name="question">The question.</param>
    /// <param name="hasImage">Whether an image is read before the question.</param>
    public string Render(string question, bool hasImage = true) => before + (hasImage ? ImageToken + "\n" : "") + question + after;

    private static string System(string person) =>
        $"A chat between a curious {person} and an artificial intelligence assistant. "
        + $"The assistant gives helpful, detailed, and polite answers to the {person}'s questions.";
}

namespace ImgAlign;

/// <summary>One picture to be made, or to be repaired, so that it shows what the prompt says.</summary>
public sealed record AlignmentItem : GenerationItem
{
    /// <summary>Asks for a picture.</summary>
    /// <param name="prompt">What it should show.</param>
    public AlignmentItem(string prompt)
        : base(prompt) { }

    /// <summary>The question to the detector, in which <c>{prompt}</c> stands for the prompt; null: each round draws one by the
    /// seed.</summary>
    public string? Question { get; init; }

    /// <summary>What scorers that have a judge answer questions ask about the picture; empty: they ask about the prompt, or draw questions
    /// from it where they may.</summary>
    public IReadOnlyList<PictureQuestion> PictureQuestions
    {
        get;
        init => field = ValueList.Of(value);
    } = ValueList.Of<PictureQuestion>([]);
}

namespace ImgAlign.Detectors;

/// <summary>How a model's answers end, and what they say.</summary>
public interface IAnswerFormat
{
    /// <summary>Whether the answer so far is all of it.</summary>
    /// <param name="answer">The token ids of the answer, at least one.</param>
    bool IsComplete(IReadOnlyList<int> answer);

    /// <summary>The text of an answer.</summary>
    /// <param name="answer">Its token ids.</param>
    string Decode(IReadOnlyList<int> answer);
}

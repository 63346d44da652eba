namespace ImgAlign;

/// <summary>A scorer that has a judge answer questions, and says what it answered to each.</summary>
public interface IJudgeScorer : IImageScorer
{
    /// <summary>The judge, which may be the pipeline's detector; it is not the scorer's own.</summary>
    IImageJudge Judge { get; }

    /// <summary>Checks that a picture can be judged, without computing anything, before a run begins.</summary>
    /// <param name="prompt">What the picture should show.</param>
    /// <param name="questions">The questions that were given for it; empty: none.</param>
    /// <exception cref="ArgumentException">There is no question and none may be drawn, or one cannot be asked.</exception>
    void CheckQuestions(string prompt, IReadOnlyList<PictureQuestion> questions);

    /// <summary>Judges pictures, each read once.</summary>
    /// <param name="images">B pictures of any sizes.</param>
    /// <param name="prompts">What each of them should show, B prompts.</param>
    /// <param name="questions">The questions that were given for each, B lists; scorers that only ask about prompts do not read
    /// them.</param>
    IReadOnlyList<JudgedPicture> Score(
        IReadOnlyList<RgbImage> images,
        IReadOnlyList<string> prompts,
        IReadOnlyList<IReadOnlyList<PictureQuestion>> questions
    );
}

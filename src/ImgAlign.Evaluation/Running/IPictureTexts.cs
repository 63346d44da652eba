namespace ImgAlign.Evaluation;

/// <summary>
/// The texts that PNG files of an evaluation hold about the making of their pictures. They may not differ from run to run: a run that goes
/// on ends with the same bytes as one that did not stop.
/// </summary>
public interface IPictureTexts
{
    /// <summary>The texts of a sample of the base model, by their keywords; null: none.</summary>
    /// <param name="result">The run's result.</param>
    /// <param name="picture">The picture's part of it.</param>
    /// <param name="request">What was asked for.</param>
    IReadOnlyDictionary<string, string>? Of(GenerationResult result, GeneratedItem picture, GenerationRequest request);

    /// <summary>The texts of a round's or a search's picture, by their keywords; null: none.</summary>
    /// <param name="result">The run's result.</param>
    /// <param name="picture">The picture's part of it.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="file">The file of the picture that was given.</param>
    IReadOnlyDictionary<string, string>? Of(AlignmentResult result, AlignedItem picture, AlignmentRequest request, string file);
}

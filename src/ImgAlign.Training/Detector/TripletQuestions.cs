using ImgAlign.Detectors;
using ImgAlign.Imaging;
using ImgAlign.Networks.Llava;
using ImgAlign.Training.Data;

namespace ImgAlign.Training.Detector;

/// <summary>
/// Triplets as LLaVA is asked about them: it reads the original picture and a question, drawn from the list, that holds the edited prompt,
/// and answers with the instruction (IMG, section 3.2).
/// </summary>
internal sealed class TripletQuestions(IReadOnlyList<EditTriplet> triplets, LlavaProcessor processor)
{
    private static readonly string LongestQuestion = Questions.Templates.MaxBy(static template => template.Length)!;

    private readonly Dictionary<int, string?> problems = [];

    public string? FindProblem(int index)
    {
        if (!problems.TryGetValue(index, out var problem))
            problems[index] = problem = Check(triplets[index]);
        return problem;
    }

    public InstructionSample Read(SampleDraw sample)
    {
        var triplet = triplets[sample.Index];
        return processor.Instruct(
            ImageFile.Load(triplet.Image),
            Questions.Ask(Questions.Draw(sample.Seed), triplet.EditedPrompt),
            triplet.Instruction
        );
    }

    private string? Check(EditTriplet triplet)
    {
        if (string.IsNullOrWhiteSpace(triplet.EditedPrompt) || string.IsNullOrWhiteSpace(triplet.Instruction))
            return $"The prompt or the instruction of {triplet.Image} is empty.";
        try
        {
            using var scope = TorchSharp.torch.NewDisposeScope();
            processor.Instruct(ImageFile.Load(triplet.Image), Questions.Ask(LongestQuestion, triplet.EditedPrompt), triplet.Instruction);
            return null;
        }
        catch (Exception exception) when (exception is ImgAlignException or InvalidRequestException)
        {
            return exception.Message;
        }
    }
}

/// <summary>Questions with answers.</summary>
internal static class InstructionTokens
{
    /// <summary>A question about a picture with its answer, in the model's conversation template; the answer ends as the model is to end
    /// it.</summary>
    /// <exception cref="InvalidRequestException">It is too long for the model, or holds the marker of an image.</exception>
    public static InstructionSample Instruct(this LlavaProcessor processor, RgbImage? image, string question, string answer)
    {
        var asked = processor.Tokenize(question, image is not null);
        var answered = processor.TokenizeAnswered(question, answer, image is not null);
        return new InstructionSample(answered, answered.Count - asked.Count, image is null ? null : processor.Preprocess(image));
    }
}

using ImgAlign.Imaging;
using ImgAlign.Runtime;
using ImgAlign.Scorers;

namespace ImgAlign.Tests.Judges;

public sealed class JudgeTests : IDisposable
{
    private readonly DeviceRuntime runtime = new(new RuntimeOptions { Threads = 1 });
    private readonly RgbImage image = ImageFile.Load(TinyJudges.PathOf("images/chelsea.png"));

    public void Dispose() => runtime.Dispose();

    [Theory]
    [InlineData(TinyJudges.Llava, "a cat</s>", "</s>")]
    [InlineData(TinyJudges.Llava, "an <image>", "<image>")]
    [InlineData(TinyJudges.Qwen, "a <|im_end|> cat", "<|im_end|>")]
    [InlineData(TinyJudges.Qwen, "<|image_pad|>", "<|image_pad|>")]
    [InlineData(TinyJudges.Qwen3Vl, "<think> a cat", "<think>")]
    public void Control_tokens_in_a_statement_are_refused(string name, string statement, string control)
    {
        using var model = TinyJudges.Create(name, runtime);
        using var scorer = new VqaScorer((IImageJudge)model);
        var exception = Assert.Throws<InvalidRequestException>(() => scorer.CheckQuestions(statement, []));
        Assert.Contains($"'{control}'", exception.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidRequestException>(() => scorer.Score([image], [statement]));
        Assert.Throws<InvalidRequestException>(() => scorer.Judge.CheckText(statement));
    }

    [Theory]
    [InlineData(TinyJudges.Llava)]
    [InlineData(TinyJudges.Qwen)]
    public void A_statement_that_is_too_long_is_refused(string name)
    {
        using var model = TinyJudges.Create(name, runtime);
        using var scorer = new VqaScorer((IImageJudge)model);
        var statement = string.Join(' ', Enumerable.Repeat("house", 300_000));
        var exception = Assert.Throws<InvalidRequestException>(() => scorer.CheckQuestions(statement, []));
        Assert.Contains("at most", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Soft_tifa_is_a_mean_of_its_answers()
    {
        using var model = TinyJudges.Create(TinyJudges.Qwen, runtime);
        using var geometric = new SoftTifaScorer((IImageJudge)model);
        using var arithmetic = new SoftTifaScorer((IImageJudge)model, new() { Mean = SoftTifaMean.Arithmetic });
        PictureQuestion[] questions = [new("Is the cat red?"), new("How many cats are in the image?", "two")];
        var (low, high) = (Judge(geometric, questions), Judge(arithmetic, questions));
        Assert.Equal(questions, low.Answers.Select(static answer => answer.Question));
        var probabilities = low.Answers.Select(static answer => answer.Probability).ToList();
        Assert.Equal(probabilities, high.Answers.Select(static answer => answer.Probability));
        Assert.Equal(Math.Sqrt(probabilities[0] * probabilities[1]), low.Score, 1e-12);
        Assert.Equal(probabilities.Average(), high.Score, 1e-12);
    }

    [Fact]
    public void Without_questions_soft_tifa_says_what_to_do()
    {
        using var model = TinyJudges.Create(TinyJudges.Qwen, runtime);
        using var scorer = new SoftTifaScorer((IImageJudge)model);
        var exception = Assert.Throws<InvalidRequestException>(() => scorer.CheckQuestions("a cat", []));
        Assert.Contains("DrawQuestions", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Questions_are_drawn_once_and_say_so()
    {
        using var judge = new TalkingJudge(runtime);
        using var scorer = new SoftTifaScorer(judge, new() { DrawQuestions = true });
        scorer.CheckQuestions("a red cat", []);
        var first = Judge(scorer, []);
        Assert.Equal(["Is there a cat?", "Is the cat red?"], first.Answers.Select(static answer => answer.Question.Text));
        Assert.All(first.Answers, static answer => Assert.Equal("Talker, by DSG's instructions", answer.Question.DrawnBy));
        Judge(scorer, []);
        Assert.Equal(2, judge.Written.Count);
        Assert.EndsWith("input: a red cat\noutput:", judge.Written[0], StringComparison.Ordinal);
        Assert.EndsWith(
            "input: a red cat\n1 | entity - whole (cat)\n2 | attribute - color (cat, red)\noutput:",
            judge.Written[1],
            StringComparison.Ordinal
        );
        var asked = Judge(scorer, [new("Is it blue?")]).Answers.Single().Question;
        Assert.Equal(new PictureQuestion("Is it blue?"), asked);
    }

    [Fact]
    public void A_judge_that_draws_no_question_is_an_error()
    {
        using var judge = new TalkingJudge(runtime) { Answer = "I cannot do that?" };
        using var scorer = new SoftTifaScorer(judge, new() { DrawQuestions = true });
        var exception = Assert.Throws<ImgAlignException>(() => Judge(scorer, []));
        Assert.Contains("drew no question", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(-0.1)]
    public void An_answer_that_is_no_probability_is_an_error(double probability)
    {
        using var judge = new TalkingJudge(runtime) { Probability = (_, _) => probability };
        using var scorer = new VqaScorer(judge);
        var exception = Assert.Throws<ImgAlignException>(() => scorer.Score([image], ["a cat"]));
        Assert.Contains("Talker answered the question \"Is it a cat?\" with the probability", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_judge_that_leaves_out_a_question_is_an_error()
    {
        using var judge = new TalkingJudge(runtime) { MostAnswers = 1 };
        using var scorer = new SoftTifaScorer(judge);
        var exception = Assert.Throws<ImgAlignException>(() => Judge(scorer, [new("Is it red?"), new("Is it a cat?")]));
        Assert.Contains("Talker gave 1 answers to 2 questions", exception.Message, StringComparison.Ordinal);
    }

    private JudgedPicture Judge(SoftTifaScorer scorer, IReadOnlyList<PictureQuestion> questions) =>
        scorer.Score([image], ["a red cat"], [questions])[0];
}

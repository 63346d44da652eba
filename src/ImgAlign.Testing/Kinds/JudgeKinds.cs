using ImgAlign.Detectors;
using ImgAlign.Imaging;
using ImgAlign.Scorers;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>A multimodal language model as judge: family <c>vqa</c>.</summary>
internal static class JudgeKinds
{
    public static void Add(GoldenRunner runner) => runner.Add("vqa-score", Score).Add("vqa-prompt", Prompts);

    private static Dictionary<string, torch.Tensor> Score(GoldenCase golden, torch.Device device)
    {
        var image = ImageFile.Load(golden.PathOption("image")!);
        using var model = JudgeModel.Open(golden, device);
        var questions = Questions(golden);
        var prompts = questions.Select(question => model.Tokenize(question, image)).ToList();
        RequireRendered(golden, model, questions);
        var logits = model.ReadLogits(image, prompts);
        var logScores = logits.Zip(prompts, (own, prompt) => AnswerReading.LogProbability(own, prompt, model.Penalty)).ToArray();
        var scores = model.Judge(image, questions);
        var outputs = new Dictionary<string, torch.Tensor>
        {
            ["scores"] = Vector(scores),
            ["log_scores"] = Vector(logScores),
            ["am"] = Vector([scores.Average()]),
            ["gm"] = Vector([SoftTifaScorer.GeometricMean(scores)]),
        };
        foreach (var (index, prompt) in prompts.Index())
        {
            outputs[$"input_ids.{index}"] = DecoderReading.ToRow(model.Whole(prompt));
            outputs[$"answer_ids.{index}"] = outputs[$"form_ids.{index}"] = Ids(prompt.Answer);
            outputs[$"logits.{index}"] = logits[index];
        }
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Prompts(GoldenCase golden, torch.Device device)
    {
        using var model = JudgeModel.Open(golden, device);
        var questions = Questions(golden);
        RequireRendered(golden, model, questions);
        var prompts = questions.Select(question => model.Tokenize(question, image: null)).ToList();
        var rows = prompts.Select(model.Whole).ToList();
        var offsets = rows.Aggregate(new List<int> { 0 }, static (ends, row) => [.. ends, ends[^1] + row.Count]);
        var all = model.Tokenize(questions[0] with { Tokens = AnswerTokens.All, Answers = [questions[0].Answers[0]] }, image: null);
        var outputs = new Dictionary<string, torch.Tensor>
        {
            ["ids"] = Ids(rows.SelectMany(static row => row)),
            ["offsets"] = Ids(offsets),
            ["label_start"] = Ids(prompts.Select(static prompt => prompt.Prompt.Count)),
            ["answer_ids"] = Ids(all.Answer),
            ["form_ids"] = Ids(prompts[0].Answer),
        };
        foreach (var (index, prompt) in prompts.Index())
            outputs[$"form_ids.{index}"] = Ids(prompt.Answer);
        return outputs;
    }

    // What a case asks: statements in a template, or GenEval 2's pairs of question and answer.
    private static List<JudgeQuestion> Questions(GoldenCase golden)
    {
        var options = golden.Options;
        double? penalty = options.TryGetProperty("repetition_penalty", out var given) ? given.GetDouble() : null;
        var temperature = options.TryGetProperty("temperature", out var divisor) ? divisor.GetDouble() : 1;
        return [.. Asked().Select(question => question with { RepetitionPenalty = penalty, Temperature = temperature })];

        IEnumerable<JudgeQuestion> Asked()
        {
            var judge = options.GetProperty("judge").GetString();
            var template = options.Texts("question_template").SingleOrDefault();
            return judge switch
            {
                "geneval2" => options
                    .GetProperty("questions")
                    .EnumerateArray()
                    .Select(static pair => GenEval2.Ask(new(pair[0].GetString()!, pair[1].GetString()!))),
                "geneval2-vqascore" => Statements().Select(statement => GenEval2.AskWhether(statement, template!)),
                "llava-vqascore" or "qwen-vqascore" => Statements().Select(new VqaTemplate(template!, Answer(), Tokens(judge)).Ask),
                _ => throw new ImgAlignException($"{golden.Folder}: the judge '{judge}' is not known here."),
            };
        }

        IEnumerable<string> Statements() => options.Texts("statements").Select(static statement => statement!);

        string Answer() => options.GetProperty("answer").GetString()!;

        AnswerTokens Tokens(string judge) =>
            judge == "llava-vqascore" || options.Texts("answer_tokens") is ["all"] ? AnswerTokens.All : AnswerTokens.First;
    }

    private static void RequireRendered(GoldenCase golden, JudgeModel model, IReadOnlyList<JudgeQuestion> questions)
    {
        foreach (var (question, reference) in questions.Zip(golden.Options.Texts("prompts")))
            TokenizerKinds.RequireEqual(model.Render(question), reference!);
    }

    private static torch.Tensor Ids(IEnumerable<int> ids) => torch.tensor(ids.Select(static id => (long)id).ToArray());

    private static torch.Tensor Vector(IReadOnlyList<double> numbers) => torch.tensor(numbers.ToArray());
}

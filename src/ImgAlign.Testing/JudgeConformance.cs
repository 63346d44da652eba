namespace ImgAlign.Testing;

/// <summary>
/// What scorers rely on in every <see cref="IImageJudge"/>, as checks that its author can run: the same probabilities again, and for several
/// questions about one picture as for each alone; questions that are too long are refused beforehand; no leaks. Needs no test framework.
/// </summary>
public static class JudgeConformance
{
    /// <summary>Checks a judge; not on the worker thread of its device, which the check needs.</summary>
    /// <param name="judge">The judge, best at a tiny configuration and in float32.</param>
    /// <returns>One sentence for everything that is wrong; empty when the judge conforms.</returns>
    public static IReadOnlyList<string> Check(IImageJudge judge)
    {
        ArgumentNullException.ThrowIfNull(judge);
        var checks = new Checks(judge);
        return checks.Run(judge, checks.Questions, checks.LongQuestion, checks.Words);
    }

    private sealed class Checks(IImageJudge judge) : ConformanceChecks
    {
        private const double Tolerance = 1e-3; // relative: the probabilities may be small

        private readonly RgbImage image = Gradient(new ImageSize(90, 40), 0);

        public void Questions()
        {
            JudgeQuestion[] questions =
            [
                judge.VqaScore.Ask("a red house"),
                judge.VqaScore.Ask("a blue house"),
                new("Is it red?", ["yes", "Yes"], AnswerTokens.First),
                new("Is it red?", ["No, it is blue"], AnswerTokens.All),
            ];
            foreach (var question in questions)
                judge.CheckQuestion(question);
            var together = judge.Judge(image, questions);
            Require(together.Count == questions.Length, $"Judge gives {together.Count} numbers for {questions.Length} questions.");
            Require(together.All(static number => double.IsFinite(number) && number >= 0), "A probability is not a number of 0 or more.");
            Require(together.SequenceEqual(judge.Judge(image, questions)), "The same questions are answered otherwise a second time.");
            var alone = questions.Select(question => judge.Judge(image, [question])[0]);
            var largest = together.Zip(alone, static (a, b) => Math.Abs(a - b) / Math.Max(b, double.Epsilon)).Max();
            Require(largest <= Tolerance, $"Questions together are not answered as each alone: {largest:0.0e+0} apart.");
            Require(together.Distinct().Count() > 1, "Different questions all have the same probability.");
        }

        public void LongQuestion()
        {
            try
            {
                judge.CheckQuestion(judge.VqaScore.Ask(string.Join(' ', Enumerable.Repeat("house", 300_000))));
                Problems.Add("CheckQuestion takes a statement of 300,000 words.");
            }
            catch (ArgumentException) { }
        }

        public void Words()
        {
            judge.CheckText("Say a word.");
            Require(judge.Write("Say a word.", 4) == judge.Write("Say a word.", 4), "Write gives another answer a second time.");
        }
    }
}

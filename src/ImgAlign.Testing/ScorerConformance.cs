namespace ImgAlign.Testing;

/// <summary>
/// What the pipeline relies on in every <see cref="IImageScorer"/>, as checks that its author can run: one finite number a picture, the
/// same number again, in a batch and in another order, for pictures of any size; a prompt's end that is said not to be read is not; no
/// leaks. Needs no test framework.
/// </summary>
public static class ScorerConformance
{
    private const double Tolerance = 1e-4; // relative to scores of 1 and more

    /// <summary>Checks a scorer; not on the worker thread of its device, which the check needs.</summary>
    /// <param name="scorer">The scorer, best at a tiny configuration and in float32.</param>
    /// <param name="prompts">Two different prompts that it can read; null: "a red house" and "a blue house".</param>
    /// <returns>One sentence for everything that is wrong; empty when the scorer conforms.</returns>
    public static IReadOnlyList<string> Check(IImageScorer scorer, IReadOnlyList<string>? prompts = null)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        var checks = new Checks(scorer, prompts ?? ["a red house", "a blue house"]);
        return checks.Run(scorer, checks.Batch, checks.LongPrompt);
    }

    private sealed class Checks(IImageScorer scorer, IReadOnlyList<string> prompts) : ConformanceChecks
    {
        private readonly IReadOnlyList<RgbImage> images =
        [
            Gradient(new ImageSize(64, 64), 0),
            Gradient(new ImageSize(90, 40), 140),
            Gradient(new ImageSize(33, 71), 70),
        ];

        public void Batch()
        {
            IReadOnlyList<string> texts = [prompts[0], prompts[1], prompts[0]];
            var together = Score(images, texts);
            Require(together.All(double.IsFinite), $"A score is not a finite number: {string.Join(", ", together)}.");
            Require(together.SequenceEqual(Score(images, texts)), "The same pictures and prompts score otherwise a second time.");
            RequireSame(together, [.. images.Zip(texts, (image, text) => Score([image], [text])[0])], "A batch");
            RequireSame(together, [.. Score([.. images.Reverse()], [.. texts.Reverse()]).Reverse()], "The reversed batch");
            Require(together.Distinct().Count() > 1, "Different pictures all have the same score.");
        }

        public void LongPrompt()
        {
            var text = string.Join(" and ", Enumerable.Repeat(prompts[0], 200));
            Score([images[0]], [text]);
            foreach (var unread in scorer.FindUnread(text))
            {
                var isEnd = text.EndsWith(unread.Text, StringComparison.Ordinal);
                Require(isEnd, $"FindUnread gives \"{unread.Text}\", which is not the prompt's end.");
                var word = unread.Text.Split(' ')[0]; // of which the first letters may be read
                var otherEnd = $"{text[..^unread.Text.Length]}{word} {prompts[1]}";
                RequireSame(Score([images[0]], [text]), Score([images[0]], [otherEnd]), "A prompt with another end that is not read");
            }
            Require(scorer.FindUnread(prompts[0]).Count == 0, $"FindUnread says that \"{prompts[0]}\" is not read whole.");
        }

        private IReadOnlyList<double> Score(IReadOnlyList<RgbImage> pictures, IReadOnlyList<string> texts)
        {
            var scores = scorer.Score(pictures, texts);
            Require(scores.Count == pictures.Count, $"Score gives {scores.Count} scores for {pictures.Count} pictures.");
            return scores;
        }

        private void RequireSame(IReadOnlyList<double> scores, IReadOnlyList<double> expected, string what)
        {
            var largest = scores.Zip(expected, static (a, b) => Math.Abs(a - b) / Math.Max(1, Math.Abs(b))).Max();
            Require(largest <= Tolerance, $"{what} does not score as its pictures do one by one: {largest:0.0e+0} apart.");
        }
    }
}

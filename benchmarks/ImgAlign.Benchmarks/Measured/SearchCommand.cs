using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using ImgAlign.Checkpoints;
using ImgAlign.DependencyInjection;
using ImgAlign.Evaluation;
using ImgAlign.Evaluation.Statistics;
using ImgAlign.Scorers;
using ImgAlign.ShapeWorld;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;
using MathNet.Numerics.Distributions;
using Microsoft.Extensions.DependencyInjection;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace ImgAlign.Benchmarks.Measured;

/// <summary>
/// <c>search</c>: how many pictures are right by policy and budget, on ShapeWorld. The world's learned scorer and its own detector, by
/// VQAScore, decide in turn; an evaluator that uses no trained model judges. Budgets nest, so that each policy runs once, with the largest.
/// </summary>
internal static class SearchCommand
{
    private const long PromptSeed = 0x5EA2C;
    private const int PromptsAtOnce = 16;

    private static readonly int[] Budgets = [1, 2, 3, 4, 8];
    private static readonly string[] Deciders = ["shapeworld", VqaScorer.DefaultName];

    // By decider and policy.
    private static readonly OxyColor[] Colours =
    [
        OxyColors.Peru,
        OxyColors.SteelBlue,
        OxyColors.SeaGreen,
        OxyColors.Firebrick,
        OxyColors.MidnightBlue,
        OxyColors.DarkOliveGreen,
    ];

    public static Command Create()
    {
        var prompts = new Option<int>("--prompts") { Description = "The number of prompts.", DefaultValueFactory = static _ => 500 };
        var plot = new Option<string>("--plot")
        {
            Description = "The file of the plot, SVG.",
            DefaultValueFactory = static _ => "search.svg",
        };
        var policies = new Option<string[]>("--policy")
        {
            Description = "The policies; all of them unless it is said. They are compared with best-of-n where that is among them.",
            DefaultValueFactory = static _ => [.. SearchPolicies.All.Select(static policy => policy.Name)],
        };
        var deciders = new Option<string[]>("--decided-by")
        {
            Description = "The scorers that decide; all of them unless it is said.",
            DefaultValueFactory = static _ => Deciders,
        };
        policies.AcceptOnlyFromAmong([.. SearchPolicies.All.Select(static policy => policy.Name)]);
        deciders.AcceptOnlyFromAmong(Deciders);
        var command = new Command("search", "Measure policies by budget, on ShapeWorld.") { prompts, plot, policies, deciders };
        command.SetAction(
            (parsed, _) =>
                MeasureAsync(
                    parsed.GetValue(prompts),
                    parsed.GetValue(plot)!,
                    [.. parsed.GetRequiredValue(policies).Select(SearchPolicies.ByName)],
                    parsed.GetRequiredValue(deciders)
                )
        );
        return command;
    }

    private static async Task MeasureAsync(int prompts, string plot, IReadOnlyList<ISearchPolicy> policies, string[] deciders)
    {
        var collection = new ServiceCollection();
        collection
            .AddImplicitMultimodalGuidance(options =>
            {
                options.Threads = 1;
                foreach (var decider in deciders)
                    options.Pipeline.Scorers.Add(decider);
            })
            .UseShapeWorld()
            .UseVqaScore();
        await using var services = collection.BuildServiceProvider();
        var pipeline = services.GetRequiredService<IAlignmentPipeline>();
        List<Scene> scenes = [];
        List<AlignmentItem> items = [];
        for (var number = 0; number < prompts; number++)
        {
            var random = new SceneRandom(PromptSeed, number);
            scenes.Add(Scene.Draw(random, (SceneGroup)(number % 3)));
            items.Add(new AlignmentItem(Captions.Write(scenes[^1], random)) { Seed = number });
        }
        List<Arm> arms = [];
        foreach (var scorer in await ScorersAsync(pipeline, items[0]).ConfigureAwait(false))
        foreach (var policy in policies)
        {
            var watch = Stopwatch.StartNew();
            var searched = await SearchAsync(pipeline, items, policy, scorer).ConfigureAwait(false);
            var seconds = watch.Elapsed.TotalSeconds;
            arms.AddRange(Budgets.Select(budget => Judge(scorer, policy, budget, searched, scenes)));
            Console.Error.WriteLine(FormattableString.Invariant($"{policy.Name} by {scorer}: {seconds:0} s"));
        }
        Write(arms, prompts);
        AtomicFile.Write(plot, file => file.Write(Encoding.UTF8.GetBytes(Plot(arms, prompts))));
    }

    // Every scorer of the world scores every picture.
    private static async Task<IReadOnlyList<string>> ScorersAsync(IAlignmentPipeline pipeline, AlignmentItem item)
    {
        var result = await pipeline.AlignAsync(new AlignmentRequest(item) { Budget = 1 }).ConfigureAwait(false);
        return [.. result.Items[0].BaseScores.Select(static score => score.Scorer)];
    }

    private static async Task<IReadOnlyList<AlignedItem>> SearchAsync(
        IAlignmentPipeline pipeline,
        IReadOnlyList<AlignmentItem> items,
        ISearchPolicy policy,
        string scorer
    )
    {
        List<AlignedItem> searched = [];
        foreach (var some in items.Chunk(PromptsAtOnce))
        {
            var request = new AlignmentRequest(some)
            {
                Budget = Budgets[^1],
                Policy = policy,
                Acceptance = new ScoreGate(new ScoreCriterion { Scorer = scorer }),
                MaxBatchSize = PromptsAtOnce,
            };
            searched.AddRange((await pipeline.AlignAsync(request).ConfigureAwait(false)).Items);
        }
        return searched;
    }

    // What the same search would have kept with a smaller budget: its pictures are the first of the larger one's.
    private static Arm Judge(
        string scorer,
        ISearchPolicy policy,
        int budget,
        IReadOnlyList<AlignedItem> searched,
        IReadOnlyList<Scene> scenes
    )
    {
        var within = searched.Select(item => item.Candidates.Take(budget).ToList()).ToList();
        var right = within.Zip(
            scenes,
            static (candidates, scene) => SceneEvaluator.Judge(candidates.Last(static candidate => candidate.Accepted).Image, scene).IsRight
        );
        return new Arm(scorer, policy.Name, budget, [.. right], within.Average(static candidates => candidates.Count));
    }

    private static void Write(IReadOnlyList<Arm> arms, int prompts)
    {
        Console.WriteLine($"{prompts} prompts; {Hardware.Describe()}");
        Console.WriteLine();
        Console.WriteLine(
            "| decided by | policy | budget | generations spent | right, % | 95% interval | against best-of-n: wins, losses, p |"
        );
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var arm in arms)
        {
            var (low, high) = arm.Interval;
            var baseline = arms.FirstOrDefault(other =>
                (other.Scorer, other.Policy, other.Budget) == (arm.Scorer, SearchPolicies.BestOfN.Name, arm.Budget)
            );
            var comparison = baseline is null || arm == baseline ? "" : Compare(arm, baseline);
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {arm.Scorer} | {arm.Policy} | {arm.Budget} | {arm.Spent:0.00} | {100 * arm.Share:0.0} | "
                ) + string.Create(CultureInfo.InvariantCulture, $"{100 * low:0.0} to {100 * high:0.0} | {comparison} |")
            );
        }
    }

    private static string Compare(Arm arm, Arm baseline)
    {
        var compared = new PairedComparison(baseline.Scores, arm.Scores, Resampling.Draw(arm.Right.Count));
        return string.Create(CultureInfo.InvariantCulture, $"{compared.Wins}, {compared.Losses}, {compared.PValue:G2}");
    }

    private static string Plot(IReadOnlyList<Arm> arms, int prompts)
    {
        var model = new PlotModel
        {
            Title = $"wholly right of {prompts} prompts, in percent, with 95% intervals",
            TitleFontSize = 14,
            DefaultFont = "Arial",
            Padding = new OxyThickness(8, 28, 24, 8),
        };
        model.Axes.Add(
            new LinearAxis
            {
                Position = AxisPosition.Bottom,
                Title = "generations, the budget",
                Minimum = 0.5,
                Maximum = Budgets[^1] + 0.5,
            }
        );
        model.Axes.Add(
            new LinearAxis
            {
                Position = AxisPosition.Left,
                Minimum = 0,
                Maximum = 101,
            }
        );
        foreach (var (number, line) in arms.GroupBy(static arm => (arm.Scorer, arm.Policy)).Index())
        {
            var series = new LineSeries
            {
                Title = $"{line.Key.Policy} by {line.Key.Scorer}",
                MarkerType = MarkerType.Circle,
                Color = Colours[number % Colours.Length],
            };
            // Beside each other, so that intervals do not cover each other.
            var shift = 0.06 * number;
            var intervals = new ScatterErrorSeries { MarkerType = MarkerType.None, ErrorBarStopWidth = 3 };
            foreach (var arm in line)
            {
                var (low, high) = (100 * arm.Interval.Low, 100 * arm.Interval.High);
                series.Points.Add(new DataPoint(arm.Budget + shift, 100 * arm.Share));
                intervals.Points.Add(new ScatterErrorPoint(arm.Budget + shift, (low + high) / 2, 0, high - low));
            }
            model.Series.Add(intervals);
            model.Series.Add(series);
            // A line each in place of a legend, whose texts the exporter cannot measure.
            model.Annotations.Add(
                new TextAnnotation
                {
                    Text = series.Title,
                    TextPosition = new DataPoint(4.5, 32 - 5.5 * number),
                    TextHorizontalAlignment = HorizontalAlignment.Left,
                    TextColor = Colours[number % Colours.Length],
                    StrokeThickness = 0,
                }
            );
        }
        using var file = new MemoryStream();
        new SvgExporter { Width = 720, Height = 440 }.Export(model, file);
        return Encoding.UTF8.GetString(file.ToArray());
    }

    /// <summary>A policy with a budget.</summary>
    /// <param name="Scorer">What decided.</param>
    /// <param name="Policy">The policy.</param>
    /// <param name="Budget">The most generations.</param>
    /// <param name="Right">Which prompts it got wholly right.</param>
    /// <param name="Spent">The generations of a prompt in the mean.</param>
    private sealed record Arm(string Scorer, string Policy, int Budget, IReadOnlyList<bool> Right, double Spent)
    {
        public double Share => (double)Right.Count(static right => right) / Right.Count;

        public IReadOnlyList<double> Scores => [.. Right.Select(static right => right ? 1.0 : 0.0)];

        // The exact 95% interval of the share (Clopper and Pearson, 1934).
        public (double Low, double High) Interval
        {
            get
            {
                const double Outside = 0.05;
                var (successes, trials) = (Right.Count(static right => right), Right.Count);
                return (
                    successes == 0 ? 0 : Beta.InvCDF(successes, trials - successes + 1, Outside / 2),
                    successes == trials ? 1 : Beta.InvCDF(successes + 1, trials - successes, 1 - Outside / 2)
                );
            }
        }
    }
}

using System.Globalization;
using System.Text.Json;
using ImgAlign.Scorers.Means;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>The benchmarks' own means: family <c>vqa</c>.</summary>
internal static class MeanKinds
{
    public static void Add(GoldenRunner runner) => runner.Add("mean-scores", Means);

    private static Dictionary<string, torch.Tensor> Means(GoldenCase golden, torch.Device device)
    {
        var options = golden.Options;
        return options.GetProperty("rule").GetString() switch
        {
            "soft-tifa" => SoftTifa(options),
            "geneval" => GenEval(options),
            "t2i-compbench-attribute" => Attribute(options),
            "t2i-compbench-complex" => Complex(options),
            "dpg-bench" => Dpg(options),
            "hpsv2" => Hps(options),
            "genai-bench" => GenAi(options),
            var rule => throw new ImgAlignException($"{golden.Folder}: the rule '{rule}' is not known here."),
        };
    }

    private static Dictionary<string, torch.Tensor> SoftTifa(JsonElement options)
    {
        var prompts = options
            .GetProperty("prompts")
            .EnumerateArray()
            .Select(static prompt => new SoftTifaPrompt(
                prompt.GetProperty("atom_count").GetInt32(),
                Texts(prompt, "skills"),
                Numbers(prompt, "scores")
            ))
            .ToList();
        var means = new SoftTifaMeans(prompts);
        return new()
        {
            ["am"] = Vector(prompts.Select(static prompt => prompt.Arithmetic)),
            ["gm"] = Vector(prompts.Select(static prompt => prompt.Geometric)),
            ["total_am"] = Vector([means.Arithmetic]),
            ["total_gm"] = Vector([means.Geometric]),
            ["skill_am"] = Vector(Texts(options, "skills").Select(means.OfSkill)),
            ["atom_count_gm"] = Vector(Numbers(options, "atom_counts").Select(count => means.OfAtomCount((int)count))),
        };
    }

    private static Dictionary<string, torch.Tensor> GenEval(JsonElement options)
    {
        var means = new GenEvalMeans([
            .. options
                .GetProperty("results")
                .EnumerateArray()
                .Select(static row => new GenEvalImage(
                    row.GetProperty("tag").GetString()!,
                    row.GetProperty("correct").GetBoolean(),
                    row.GetProperty("metadata").GetString()!
                )),
        ]);
        return new()
        {
            ["tag_scores"] = Vector(Texts(options, "tags").Select(means.OfTag)),
            ["overall"] = Vector([means.Overall]),
            ["correct_images"] = Vector([means.CorrectImages]),
            ["correct_prompts"] = Vector([means.CorrectPrompts]),
        };
    }

    private static Dictionary<string, torch.Tensor> Attribute(JsonElement options)
    {
        var chunks = options.GetProperty("chunks").GetInt32();
        var images = options.GetProperty("probabilities").EnumerateArray();
        return WithMean(images.Select(image => CompBench.Attribute(image.Deserialize<double[]>()!, chunks)));
    }

    private static Dictionary<string, torch.Tensor> Complex(JsonElement options)
    {
        var (prompts, each) = (Texts(options, "prompts"), options.GetProperty("images_per_prompt").GetInt32());
        var (spatials, actions) = (Texts(options, "spatial_prompts"), Texts(options, "action_prompts"));
        var scores = Enum.GetValues<CompAspect>()
            .ToDictionary(static aspect => aspect, aspect => Numbers(options, aspect.ToString().ToLowerInvariant()));
        return WithMean(
            Enumerable
                .Range(0, prompts.Count * each)
                .Select(image => CompBench.AspectsOf(prompts[image / each], spatials, actions).Average(aspect => scores[aspect][image]))
        );
    }

    private static Dictionary<string, torch.Tensor> Dpg(JsonElement options)
    {
        var questions = options
            .GetProperty("rows")
            .EnumerateArray()
            .Select(static row => new DpgQuestion(
                row.GetProperty("item_id").GetString()!,
                row.GetProperty("proposition_id").GetInt32(),
                [
                    .. row.GetProperty("dependency")
                        .GetString()!
                        .Split(',', StringSplitOptions.TrimEntries)
                        .Select(static id => int.Parse(id, CultureInfo.InvariantCulture))
                        .Where(static id => id != 0),
                ],
                row.GetProperty("tuple").GetString()!
            ));
        var answers = options.GetProperty("answers").Deserialize<Dictionary<string, Dictionary<int, string>[]>>()!;
        var means = new DpgBenchMeans(
            [.. questions],
            answers.ToDictionary(static item => item.Key, static item => (IReadOnlyList<IReadOnlyDictionary<int, string>>)item.Value),
            options.GetProperty("skip_first_row").GetBoolean()
        );
        return new()
        {
            ["tile_scores"] = Vector(means.TileScores.SelectMany(static tiles => tiles)).view(means.Items.Count, -1),
            ["prompt_scores"] = Vector(means.PromptScores),
            ["score"] = Vector([means.Overall]),
            ["category_scores"] = Vector(Texts(options, "categories").Select(means.OfCategory)),
            ["category_l1_scores"] = Vector(Texts(options, "categories_l1").Select(means.OfBroadCategory)),
        };
    }

    private static Dictionary<string, torch.Tensor> Hps(JsonElement options)
    {
        var scores = Texts(options, "styles").Select(style => Numbers(options.GetProperty("scores"), style)).ToList();
        var styles = scores.Select(own => new HpsBenchmarkStyle(own, options.GetProperty("group").GetInt32())).ToList();
        return new()
        {
            ["style_mean"] = Vector(styles.Select(static style => style.Mean)),
            ["style_std"] = Vector(styles.Select(static style => style.Deviation)),
            ["average"] = Vector([HpsBenchmarkStyle.Average(scores)]),
        };
    }

    private static Dictionary<string, torch.Tensor> GenAi(JsonElement options)
    {
        var skills = options.GetProperty("skills").Deserialize<Dictionary<string, int[]>>()!;
        var means = new GenAiBenchMeans(
            Numbers(options, "scores"),
            skills.ToDictionary(static skill => skill.Key, static skill => (IReadOnlyList<int>)skill.Value)
        );
        var groups = Texts(options, "groups");
        return new() { ["mean"] = Vector(groups.Select(means.Mean)), ["std"] = Vector(groups.Select(means.Deviation)) };
    }

    private static Dictionary<string, torch.Tensor> WithMean(IEnumerable<double> scores)
    {
        var all = scores.ToList();
        return new() { ["scores"] = Vector(all), ["mean"] = Vector([all.Average()]) };
    }

    private static List<string> Texts(JsonElement options, string name) => [.. options.Texts(name).Select(static text => text!)];

    private static double[] Numbers(JsonElement options, string name) => options.GetProperty(name).Deserialize<double[]>()!;

    private static torch.Tensor Vector(IEnumerable<double> numbers) => torch.tensor(numbers.ToArray());
}

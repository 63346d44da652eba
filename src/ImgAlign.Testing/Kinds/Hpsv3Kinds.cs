using System.Text.Json;
using ImgAlign.Imaging;
using ImgAlign.Networks.Qwen2Vl;
using ImgAlign.Runtime;
using ImgAlign.Scorers;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>HPSv3: family <c>hpsv3</c>.</summary>
internal static class Hpsv3Kinds
{
    public static void Add(GoldenRunner runner) =>
        runner.Add("hpsv3-prompt", Prompt).Add("hpsv3-score", Score).Add("hpsv3-pair", Pairs).Add("hpsv3-benchmark", Benchmark);

    private static Dictionary<string, torch.Tensor> Prompt(GoldenCase golden, torch.Device device)
    {
        var parts = Read(golden);
        var prompts = Texts(golden, "prompts");
        foreach (var (prompt, rendered) in prompts.Zip(Texts(golden, "rendered")))
            TokenizerKinds.RequireEqual(parts.Render(prompt), rendered);
        var rows = prompts.Select(prompt => parts.Tokenize(prompt, cells: 1).ToList()).ToList();
        var reward = parts.Tokenizer.IdOf(Hpsv3Parts.RewardToken);
        return new()
        {
            ["ids"] = torch.tensor(rows.SelectMany(static row => row).Select(static id => (long)id).ToArray()),
            ["offsets"] = torch.tensor(rows.Aggregate(new List<long> { 0 }, (ends, row) => [.. ends, ends[^1] + row.Count]).ToArray()),
            ["reward_index"] = torch.tensor(rows.Select(row => (long)row.IndexOf(reward)).ToArray()),
        };
    }

    private static Dictionary<string, torch.Tensor> Score(GoldenCase golden, torch.Device device) =>
        Score(golden, device, Texts(golden, "images"), Texts(golden, "prompts"));

    private static Dictionary<string, torch.Tensor> Pairs(GoldenCase golden, torch.Device device)
    {
        var pairs = golden.Options.GetProperty("pairs").EnumerateArray().ToList();
        var (first, second) = (Means("image_1"), Means("image_2"));
        var (found, equal, missed) = ScorerBenchmark.CountPairs(Numbers(first), Numbers(second));
        return new()
        {
            ["mu_1"] = first,
            ["mu_2"] = second,
            ["counts"] = torch.tensor([(long)found, equal, missed]),
            ["accuracy"] = torch.tensor(100.0 * found / pairs.Count),
        };

        torch.Tensor Means(string image) => Score(golden, device, All(image), All("prompt"))["mu"];

        List<string> All(string name) => [.. pairs.Select(pair => pair.GetProperty(name).GetString()!)];

        static IReadOnlyList<double> Numbers(torch.Tensor scores) => scores.to(torch.float64).cpu().data<double>().ToArray();
    }

    private static Dictionary<string, torch.Tensor> Score(
        GoldenCase golden,
        torch.Device device,
        IReadOnlyList<string> images,
        IReadOnlyList<string> prompts
    )
    {
        var parts = Read(golden);
        using var runtime = GoldenNetworks.RuntimeOn(device);
        using var network = new ModelSlot<Qwen2VlModel>(runtime, parts.Network);
        using var head = new ModelSlot<PreferenceHead>(runtime, parts.Head);
        using var input = parts.Prepare([.. images.Select(path => ImageFile.Load(golden.Path(path)))], prompts);
        using var networkLease = network.Use();
        using var headLease = head.Use();
        var states = parts.Read(networkLease.Model, input, device);
        var numbers = headLease.Model.call(states);
        // The reference fills rows up with a token of its own, which does not matter.
        var mask = TensorMath
            .Range(input.Ids.shape[1])
            .unsqueeze(0)
            .lt(torch.tensor(input.Lengths.Select(static n => (long)n).ToArray()).unsqueeze(1));
        return new()
        {
            ["input_ids"] = input.Ids.where(mask, torch.tensor((long)parts.Tokenizer.IdOf("<|endoftext|>"))),
            ["attention_mask"] = mask.to(torch.int64),
            ["reward_index"] = torch.tensor(input.RewardPlaces.Select(static place => (long)place).ToArray()),
            ["grid_thw"] = QwenKinds.ToTensor(input.Images.Grids),
            ["hidden"] = states,
            ["mu"] = numbers.select(1, 0),
            ["log_sigma"] = numbers.select(1, 1),
            ["sigma"] = numbers.select(1, 1).exp(),
        };
    }

    private static Dictionary<string, torch.Tensor> Benchmark(GoldenCase golden, torch.Device device)
    {
        var options = golden.Options;
        switch (options.GetProperty("rule").GetString())
        {
            case "pairs":
                var preferred = Doubles(options.GetProperty("scores_1"));
                var (found, equal, missed) = ScorerBenchmark.CountPairs(preferred, Doubles(options.GetProperty("scores_2")));
                return new()
                {
                    ["counts"] = torch.tensor([(long)found, equal, missed]),
                    ["accuracy"] = torch.tensor(100.0 * found / preferred.Length),
                };
            case "ranking":
                var rankings = options.GetProperty("rankings").EnumerateArray().Select(static row => row.Deserialize<int[]>()!).ToList();
                var scores = options.GetProperty("scores").EnumerateArray().Select(Doubles).ToList();
                return new() { ["accuracy"] = torch.tensor(ScorerBenchmark.RankingAccuracy([.. rankings], [.. scores])) };
            case "categories":
                var categories = options.GetProperty("scores").EnumerateObject().Select(static pair => Doubles(pair.Value)).ToList();
                return new()
                {
                    ["categories"] = torch.stack([.. categories.Select(static one => ToTensor(ScorerBenchmark.Summarize(one)))]),
                    ["overall"] = ToTensor(ScorerBenchmark.SummarizeCategories(categories)),
                    ["count"] = torch.tensor((long)categories.Sum(static one => one.Length)),
                };
            case var other:
                throw new ImgAlignException($"{golden.Folder}: rule '{other}' is not known here; pairs, ranking and categories are.");
        }

        static torch.Tensor ToTensor(ScoreSummary summary) =>
            torch.tensor([summary.Mean, summary.StandardDeviation, summary.Least, summary.Greatest]);

        static double[] Doubles(JsonElement numbers) => numbers.Deserialize<double[]>()!;
    }

    private static Hpsv3Parts Read(GoldenCase golden)
    {
        var parts = Hpsv3Parts.Read(golden.CheckpointPath!, golden.BaseFolder());
        var own = File.ReadAllText(golden.PathOption("instruction")!);
        TokenizerKinds.RequireEqual(parts.Instruction, own);
        return !golden.Options.TryGetProperty("min_pixels", out var least)
            ? parts
            : parts with
            {
                Images = parts.Images with
                {
                    MinPixels = least.GetInt64(),
                    MaxPixels = golden.Options.GetProperty("max_pixels").GetInt64(),
                },
            };
    }

    private static List<string> Texts(GoldenCase golden, string name) => [.. golden.Options.Texts(name).Select(static text => text!)];
}

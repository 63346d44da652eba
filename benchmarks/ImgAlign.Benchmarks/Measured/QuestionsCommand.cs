using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ImgAlign.Benchmarks.MidSize;
using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Imaging;
using ImgAlign.Networks.Llama;
using ImgAlign.Networks.Llava;
using ImgAlign.Networks.Qwen;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.Testing.Golden;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Benchmarks.Measured;

/// <summary><c>questions</c>: what a judge needs for five questions about one picture, which it reads once, against a picture that it reads
/// anew for each.</summary>
internal static class QuestionsCommand
{
    private const int Questions = 5;
    private const int QuestionTokens = 24; // of one in its template, such as "Is the cube left of the sphere? Answer in one word."
    private const int Share = 10; // of a published model's layers, one in as many is there, in its tower, too

    // Probabilities of the questions with these numbers, of which the picture is read once for all.
    private delegate IReadOnlyList<double> Ask(IEnumerable<int> questions);

    public static Command Create()
    {
        var repeats = new Option<int>("--repeats") { Description = "How often each way is timed.", DefaultValueFactory = static _ => 3 };
        var inFloat32 = new Option<bool>("--float32") { Description = "Compute in float32 in place of bfloat16." };
        var command = new Command(
            "questions",
            $"Time a judge's answers to {Questions} questions about one picture and about {Questions} pictures: ShapeWorld's own, and "
                + $"LLaVA-1.5-13B and Qwen2.5-VL-7B at full width with a layer in {Share}, of random weights."
        )
        {
            repeats,
            inFloat32,
            MidSizeCommand.Golden,
        };
        command.SetAction(parsed =>
        {
            using var stack = SignalStack.Enlarge(); // bfloat16 on CPUs with AMX
            var type = parsed.GetValue(inFloat32) ? float32 : bfloat16;
            Run(parsed.GetRequiredValue(MidSizeCommand.Golden).FullName, type, parsed.GetValue(repeats));
        });
        return command;
    }

    private static void Run(string golden, ScalarType type, int repeats)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Console.WriteLine($"{Hardware.Describe()}, {get_num_threads()} threads, {Questions} questions, medians of {repeats}");
        Console.WriteLine($"{"", -36} {"one picture", 21} {"five pictures", 21} {"ratio", 6} {"largest difference", 19}");
        Console.WriteLine($"{"", -36} {"processor s", 12} {"s", 8} {"processor s", 12} {"s", 8}");
        using (var runtime = new DeviceRuntime(new RuntimeOptions()))
        using (var world = new LlavaDetector(runtime, WorldFolder.Embedded.DetectorOptions()))
            Measure("ShapeWorld's, float32", repeats, World(world));
        var suffix = $"a layer in {Share}, {(type == float32 ? "float32" : "bfloat16")}";
        using (var llava = Filled(new LlavaModel(LlavaOf(golden), META), type))
            Measure($"LLaVA-1.5-13B, {suffix}", repeats, Llava(llava));
        using (var qwen = Filled(new QwenModel(QwenOf(golden), META), type))
            Measure($"Qwen2.5-VL-7B, {suffix}", repeats, Qwen(qwen));
    }

    // To read another picture is the same work as to read the same one anew, whose numbers can be compared.
    private static void Measure(string name, int repeats, Ask ask)
    {
        var all = Enumerable.Range(0, Questions);
        ask(all); // warm
        List<Timed> one = [],
            five = [];
        for (var repeat = 0; repeat < repeats; repeat++)
        {
            one.Add(Time(() => ask(all)));
            five.Add(Time(() => [.. all.SelectMany(question => ask([question]))]));
        }
        var difference = one[0].Probabilities.Zip(five[0].Probabilities, static (a, b) => Math.Abs(a - b) / b).Max();
        var (ofOne, ofFive) = (Median(one, static time => time.Processor), Median(five, static time => time.Processor));
        var (secondsOfOne, secondsOfFive) = (Median(one, static time => time.Seconds), Median(five, static time => time.Seconds));
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name, -36} {ofOne, 12:0.000} {secondsOfOne, 8:0.000} {ofFive, 12:0.000} {secondsOfFive, 8:0.000} "
                    + $"{ofFive / ofOne, 6:0.00} {difference, 19:0.0e+0}"
            )
        );
    }

    private static Ask World(LlavaDetector detector)
    {
        var image = new RgbImage(32, 32, [.. Enumerable.Range(0, 32 * 32 * 3).Select(static place => (byte)(place * 7))]);
        string[] texts = ["circle", "square", "triangle", "red circle", "blue square"];
        return questions => detector.Judge(image, [.. questions.Select(question => detector.VqaScore.Ask($"a {texts[question]}"))]);
    }

    // The system message and what stands before the picture, 35 tokens.
    private static Ask Llava(LlavaModel model)
    {
        var side = model.Config.Vision.ImageSize;
        var (pixels, prompts) = (randn(1, 3, side, side), Prompts([.. Enumerable.Range(100, 35), LlavaTokens.Image]));
        return Of(model.LanguageModel, prompts, (ids, cache) => model.Run(ids, pixels, cache));
    }

    // A picture of 504x504 pixels, behind 15 tokens.
    private static Ask Qwen(QwenModel model)
    {
        var vision = model.Config.Vision;
        var grid = new PatchGrid(36, 36);
        var width = vision.InChannels * vision.TemporalPatchSize * vision.PatchSize * vision.PatchSize;
        var images = new ImagePatches(randn(grid.Count, width), [grid]);
        var cells = Enumerable.Repeat(model.Config.ImageTokenId, grid.Count / vision.CellPatches);
        var prompts = Prompts([.. Enumerable.Range(100, 15), .. cells]);
        return Of(model.LanguageModel, prompts, (ids, cache) => model.Run(ids, images, cache));
    }

    private static Ask Of(LlamaForCausalLM decoder, IReadOnlyList<AnswerPrompt> prompts, Func<Tensor, KeyValueCache?, Tensor> read) =>
        questions =>
            AnswerReading.Judge(
                decoder,
                [.. questions.Select(question => prompts[question])],
                (ids, cache) => read(DecoderReading.ToRow(ids), cache),
                network: null,
                modelPenalty: 1
            );

    private static IReadOnlyList<AnswerPrompt> Prompts(IReadOnlyList<int> beginning) =>
        [
            .. Enumerable
                .Range(1, Questions)
                .Select(number => new AnswerPrompt(
                    [.. beginning, .. Enumerable.Range(1000 * number, QuestionTokens)],
                    [3869],
                    new JudgeQuestion($"{number}", ["Yes"], AnswerTokens.First)
                )),
        ];

    private static LlavaConfig LlavaOf(string golden)
    {
        var config = LlavaConfig.FromJson(Config(golden, "llava-1.5-13b-hf"), "LLaVA-1.5-13B");
        return config with
        {
            Text = config.Text with { NumHiddenLayers = config.Text.NumHiddenLayers / Share },
            Vision = config.Vision with { NumHiddenLayers = 1 + config.VisionBlocks / Share }, // the last is not run
        };
    }

    private static QwenConfig QwenOf(string golden)
    {
        var config = QwenConfig.FromJson(Config(golden, "qwen2.5-vl-7b"), "Qwen2.5-VL-7B");
        return config with
        {
            Text = config.Text with { NumHiddenLayers = config.Text.NumHiddenLayers / Share },
            Vision = config.Vision with { Depth = config.Vision.Depth / Share },
        };
    }

    private static JsonElement Config(string golden, string manifest) =>
        ConfigFile.ReadJson(Path.Combine(golden, "manifest", manifest + ".json")).GetProperty("config");

    private static T Filled<T>(T network, ScalarType type)
        where T : nn.Module
    {
        using var weights = new RuleCheckpoint(
            1,
            network.named_parameters().Select(static pair => KeyValuePair.Create(pair.name, pair.parameter.shape))
        );
        CheckpointBinder.Bind(network, weights, WeightMap.Identity, type);
        return network;
    }

    private static Timed Time(Func<IReadOnlyList<double>> run)
    {
        using var process = Process.GetCurrentProcess();
        var (watch, before) = (Stopwatch.StartNew(), process.TotalProcessorTime);
        var probabilities = run();
        process.Refresh();
        return new(watch.Elapsed.TotalSeconds, (process.TotalProcessorTime - before).TotalSeconds, probabilities);
    }

    private static double Median(List<Timed> times, Func<Timed, double> number) => times.Select(number).Order().ElementAt(times.Count / 2);

    private readonly record struct Timed(double Seconds, double Processor, IReadOnlyList<double> Probabilities);
}

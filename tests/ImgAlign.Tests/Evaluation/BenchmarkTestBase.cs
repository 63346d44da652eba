using ImgAlign.Evaluation;
using ImgAlign.Evaluation.Running;
using ImgAlign.Imaging;
using ImgAlign.Tests.Checkpoints;

namespace ImgAlign.Tests.Evaluation;

/// <summary>What tests of benchmarks have in common: small files in the benchmarks' layouts, and results of pictures that were never
/// computed.</summary>
public abstract class BenchmarkTestBase : IDisposable
{
    protected const int Size = 16;

    private readonly TemporaryFolder temporary = new();

    private protected TemporaryFolder Folder => temporary;

    public void Dispose()
    {
        temporary.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static IReadOnlyList<EvaluationPrompt> Read(string name, string path) => Benchmark.ByName(name).ReadPrompts(path);

    private protected IReadOnlyList<double?> Import(string name, IReadOnlyList<EvaluationPrompt> prompts, string file)
    {
        var result = ResultOf(name, prompts, Picture).Import("base", Folder.File(Path.Combine("in", file)));
        Assert.Equal($"{name}, official", Assert.Single(result.Scorers));
        return
        [
            .. result.Pictures.Select(picture => picture.Scores.TryGetValue($"{name}, official", out var score) ? score : default(double?)),
        ];
    }

    // One arm, or those that are named, each of whose pictures has its number as its grey.
    private protected EvaluationResult ResultOf(
        string name,
        IReadOnlyList<EvaluationPrompt> prompts,
        Func<EvaluationItem, int, ChosenPicture?> picture,
        params string[] arms
    )
    {
        var options = new EvaluationOptions
        {
            Prompts = prompts,
            Benchmark = Benchmark.ByName(name),
            Matrix = new ArmMatrix { Arms = arms.Length == 0 ? [new("base")] : [.. arms.Select(static arm => new EvaluationArm(arm))] },
            Folder = Folder.File("evaluation"),
        };
        var made = options
            .Batches(all: true)
            .SelectMany(static batch => batch)
            .Select((item, index) => (Item: item, Picture: picture(item, index)))
            .ToList();
        var pictures =
            from arm in options.Matrix.Arms
            from one in made
            select new EvaluatedPicture(
                one.Item,
                arm,
                one.Picture,
                new Dictionary<string, double>(),
                one.Picture is null ? "not made yet" : null,
                Seconds: 1
            );
        return new EvaluationResult(options, [.. pictures], [], new Dictionary<string, string>(), null, []);
    }

    private protected ChosenPicture Picture(EvaluationItem item, int index)
    {
        var folder = Directory.CreateDirectory(Folder.File("evaluation")).FullName;
        var image = new RgbImage(Size, Size, [.. Enumerable.Repeat((byte)index, 3 * Size * Size)]);
        ImageFile.SavePng(Path.Combine(folder, $"{index}.png"), image);
        return new ChosenPicture(new PictureBatch(folder, [new StoredPicture("", 0, $"{index}.png")], new BatchCost(1, 1, "")), 0);
    }

    private protected void Write(string name, string text)
    {
        var file = Folder.File(Path.Combine("in", name));
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}

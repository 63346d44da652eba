using System.Text.Json;
using System.Text.Json.Nodes;
using ImgAlign.Imaging;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tests.Cli;

namespace ImgAlign.Tests.Evaluation;

/// <summary>What tests of <c>imgalign evaluate</c> have in common.</summary>
public abstract class EvaluationTestBase : IDisposable
{
    protected const string Circle = "a red circle left of a blue square";
    protected const string Triangle = "a green triangle above a purple cross";
    protected const string Square = "the yellow square is below the black circle";

    private readonly TemporaryFolder temporary = new();

    protected static string Tiny { get; } = Path.GetFullPath(Path.Combine(TestData.Golden, "..", "..", "samples", "tiny.json"));

    private protected TemporaryFolder Folder => temporary;

    public void Dispose()
    {
        temporary.Dispose();
        GC.SuppressFinalize(this);
    }

    // The tiny checkpoints, with something more.
    private protected string TinyWith(string key, JsonNode value)
    {
        var config = JsonNode.Parse(File.ReadAllText(Tiny))!["ImgAlign"]!;
        foreach (var model in config.AsObject().Select(static pair => pair.Value).OfType<JsonObject>())
        foreach (var (name, path) in model.ToList())
            if (name.EndsWith("Path", StringComparison.Ordinal))
                model[name] = Path.GetFullPath(path!.GetValue<string>(), Path.GetDirectoryName(Tiny)!);
        config[key] = value;
        return Write("config.json", config.Root.ToJsonString());
    }

    private protected Task<ToolRun> EvaluateAsync(string prompts, string folder, params string[] options) =>
        Tool.RunAsync(["evaluate", "--prompts", prompts, "--out", Folder.File(folder), "--steps", "2", "--batch-size", "2", .. options]);

    private protected string Write(string name, string text)
    {
        File.WriteAllText(Folder.File(name), text);
        return Folder.File(name);
    }

    private protected List<JsonElement> Rows(string folder) =>
        [.. File.ReadLines(Path.Combine(Folder.File(folder), "scores.jsonl")).Select(static line => JsonDocument.Parse(line).RootElement)];

    private protected IEnumerable<RgbImage> Pictures(string folder, string arm) =>
        Rows(folder)
            .Where(row => row.GetProperty("arm").GetString() == arm)
            .Select(row => ImageFile.Load(Path.Combine(Folder.File(folder), row.GetProperty("file").GetString()!)));

    private protected string Report(string folder) => File.ReadAllText(Path.Combine(Folder.File(folder), "report.html"));

    private protected Dictionary<string, string> Snapshot(string folder) => EvaluationFolder.Snapshot(Folder.File(folder));
}

using System.Globalization;
using System.Text.Json;
using ImgAlign.Evaluation.Running;
using ImgAlign.Scorers.Means;

namespace ImgAlign.Evaluation.Benchmarks;

/// <summary>
/// GenAI-Bench: <c>genai_image.json</c>, one picture a prompt, as a JPEG under the prompt's id. Its script keeps its scores as a tensor.
/// </summary>
internal sealed class GenAiBenchmark() : Benchmark("genai-bench")
{
    private const string SkillsFile = "genai_skills.json";

    /// <inheritdoc/>
    public override IReadOnlyList<EvaluationPrompt> ReadPrompts(string path)
    {
        var file = BenchmarkFiles.Find(path, "genai_image.json");
        var skillsFile = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, SkillsFile);
        var skills = File.Exists(skillsFile) ? BenchmarkFiles.Read(skillsFile, ReadSkills) : [];
        return BenchmarkFiles.Read(
            file,
            prompts =>
                prompts
                    .EnumerateObject()
                    .Select(
                        (prompt, index) =>
                        {
                            var id = ParseId(prompt.Name, file);
                            return new EvaluationPrompt(prompt.Name, prompt.Value.Text("prompt"))
                            {
                                Seeds = [index],
                                Tags = [.. skills.Where(skill => skill.Ids.Contains(id)).Select(static skill => skill.Name)],
                            };
                        }
                    )
                    .ToList()
        );
    }

    internal override string? OfficialJudge => "CLIP-FlanT5-XXL";

    internal override IReadOnlyList<(string Name, double Value)> Means(IReadOnlyList<EvaluatedPicture> pictures, string scorer)
    {
        var places = from picture in pictures.Index() from tag in picture.Item.Item.Prompt.Tags group picture.Index by tag;
        var skills = places.ToDictionary(static skill => skill.Key, IReadOnlyList<int> (skill) => [.. skill]);
        if (skills.Count == 0)
            return [];
        var means = new GenAiBenchMeans([.. pictures.Select(picture => picture.Scores[scorer])], skills);
        return
        [
            .. skills
                .Keys.Append(GenAiBenchMeans.All)
                .SelectMany(group => new[] { (group, means.Mean(group)), ($"{group}, deviation", means.Deviation(group)) }),
        ];
    }

    internal override void Export(IReadOnlyList<EvaluatedPicture> pictures, string folder, string target)
    {
        foreach (var picture in pictures)
            ExportedPicture.WriteJpeg(picture, Path.Combine(folder, $"{picture.Item.Prompt.Id}.jpeg"));
    }

    // Pictures are exported under it: anything but digits could name a file elsewhere.
    private static int ParseId(string text, string file) =>
        text.All(char.IsAsciiDigit) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? id
            : throw new ImgAlignException($"{file}: '{text}' is no id of a prompt; use a whole number, such as 00007.");

    private static List<(string Name, HashSet<int> Ids)> ReadSkills(JsonElement skills) =>
        [
            .. skills
                .EnumerateObject()
                .Select(static skill => (skill.Name, skill.Value.EnumerateArray().Select(static id => id.GetInt32()).ToHashSet())),
        ];
}

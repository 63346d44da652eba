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
                            new EvaluationPrompt(prompt.Name, prompt.Value.Text("prompt"))
                            {
                                Seeds = [index],
                                Tags =
                                [
                                    .. skills
                                        .Where(skill => skill.Ids.Contains(int.Parse(prompt.Name, CultureInfo.InvariantCulture)))
                                        .Select(static skill => skill.Name),
                                ],
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
        return [.. skills.Keys.Append(GenAiBenchMeans.All).Select(group => (group, means.Mean(group)))];
    }

    internal override void Export(IReadOnlyList<EvaluatedPicture> pictures, string folder)
    {
        foreach (var picture in pictures)
            ExportedPicture.WriteJpeg(picture, Path.Combine(folder, $"{picture.Item.Prompt.Id}.jpeg"));
    }

    private static List<(string Name, HashSet<int> Ids)> ReadSkills(JsonElement skills) =>
        [
            .. skills
                .EnumerateObject()
                .Select(static skill => (skill.Name, skill.Value.EnumerateArray().Select(static id => id.GetInt32()).ToHashSet())),
        ];
}

using System.Globalization;
using System.Text.Json;
using ImgAlign.Evaluation.Running;
using ImgAlign.Scorers;
using ImgAlign.Scorers.Means;

namespace ImgAlign.Evaluation.Benchmarks;

/// <summary>GenEval 2: <c>geneval2_data.jsonl</c>, one picture a prompt, and a JSON object from prompts to pictures.</summary>
internal sealed class GenEval2Benchmark() : Benchmark("geneval2")
{
    private const string ImagesFile = "images.json";
    private const string AtomsSuffix = " atoms";

    /// <inheritdoc/>
    public override IReadOnlyList<EvaluationPrompt> ReadPrompts(string path) =>
        [
            .. BenchmarkFiles
                .ReadLines(
                    BenchmarkFiles.Find(path, "geneval2_data.jsonl"),
                    static line =>
                        (
                            Prompt: line.Text("prompt"),
                            Atoms: line.Value("atom_count").GetInt32(),
                            Questions: line.Value("vqa_list")
                                .EnumerateArray()
                                .Select(static item => item.Pair())
                                .Select(static pair => new PictureQuestion(pair.First, pair.Second))
                                .ToList(),
                            Skills: ReadSkills(line)
                        )
                )
                .Select(
                    static (line, index) =>
                        new EvaluationPrompt(index.ToString("00000", CultureInfo.InvariantCulture), line.Prompt)
                        {
                            Seeds = [index],
                            PictureQuestions = line.Questions,
                            QuestionSkills = line.Skills,
                            Category = string.Create(CultureInfo.InvariantCulture, $"{line.Atoms}{AtomsSuffix}"),
                        }
                ),
        ];

    internal override string? OfficialJudge => "Qwen3-VL-8B-Instruct";

    // Of answers to the benchmark's questions: other scores are no Soft-TIFA.
    internal override IReadOnlyList<(string Name, double Value)> Means(IReadOnlyList<EvaluatedPicture> pictures, string scorer)
    {
        List<SoftTifaPrompt> prompts =
        [
            .. from picture in pictures
            where picture.Answers.ContainsKey(scorer)
            let prompt = picture.Item.Prompt
            select new SoftTifaPrompt(AtomsOf(prompt), prompt.QuestionSkills, picture.Answers[scorer]),
        ];
        if (prompts.Count == 0)
            return [];
        var means = new SoftTifaMeans(prompts);
        var skills = prompts.SelectMany(static prompt => prompt.Skills).Distinct().Order(StringComparer.Ordinal);
        var atoms = prompts.Select(static prompt => prompt.AtomCount).Distinct().Order();
        return
        [
            ("Soft-TIFA GM", means.Geometric),
            ("Soft-TIFA AM", means.Arithmetic),
            .. skills.Select(skill => ($"{skill} (AM)", means.OfSkill(skill))),
            .. atoms.Select(count => (string.Create(CultureInfo.InvariantCulture, $"{count}{AtomsSuffix} (GM)"), means.OfAtomCount(count))),
        ];
    }

    internal override void Export(IReadOnlyList<EvaluatedPicture> pictures, string folder, string target)
    {
        var images = new Dictionary<string, string>();
        foreach (var picture in pictures)
        {
            var file = $"{picture.Item.Prompt.Id}.png";
            ExportedPicture.WritePng(picture, Path.Combine(folder, file));
            images[picture.Item.Prompt.Prompt] = Path.Combine(target, file);
        }
        File.WriteAllText(Path.Combine(folder, ImagesFile), JsonSerializer.Serialize(images));
    }

    // The output file has the scores of each prompt's atoms, in the order of the prompts; their geometric mean is Soft-TIFA GM.
    internal override IReadOnlyList<ImportedScore?> Import(string path, IReadOnlyList<EvaluatedPicture> pictures)
    {
        var file = BenchmarkFiles.Find(path, "scores.json");
        var scores = BenchmarkFiles.Read(
            file,
            static lists =>
                lists
                    .EnumerateArray()
                    .Select(static atoms => atoms.EnumerateArray().Select(static atom => atom.GetDouble()).ToList())
                    .ToList()
        );
        return [.. pictures.Select(picture => ScoreOf(picture.Item.Prompt))];

        ImportedScore? ScoreOf(EvaluationPrompt prompt)
        {
            if (scores.ElementAtOrDefault(int.Parse(prompt.Id, CultureInfo.InvariantCulture)) is not { } atoms)
                return null;
            if (atoms.Count != prompt.PictureQuestions.Count)
                throw new ImgAlignException(
                    $"{file}: '{prompt.Prompt}' has {prompt.PictureQuestions.Count} questions, but {atoms.Count} scores there; give what "
                        + "the evaluator wrote with --method soft_tifa_gm."
                );
            return new ImportedScore(SoftTifaScorer.GeometricMean(atoms), atoms);
        }
    }

    private static int AtomsOf(EvaluationPrompt prompt) => int.Parse(prompt.Category![..^AtomsSuffix.Length], CultureInfo.InvariantCulture);

    private static List<string> ReadSkills(JsonElement line)
    {
        List<string> skills =
        [
            .. line.Value("skills")
                .EnumerateArray()
                .Select(static skill => skill.GetString() ?? throw new JsonException("a skill is null")),
        ];
        var questions = line.Value("vqa_list").GetArrayLength();
        return skills.Count == questions && questions > 0
            ? skills
            : throw new JsonException($"there are {questions} questions in 'vqa_list' and {skills.Count} 'skills'");
    }
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace ImgAlign.Evaluation;

/// <summary>The arms of an evaluation, and which of them are compared.</summary>
public sealed class ArmMatrix
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        NumberHandling = JsonNumberHandling.Strict,
        PropertyNameCaseInsensitive = false,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
    };

    /// <summary>The arms; the first is what others are compared with.</summary>
    public required IReadOnlyList<EvaluationArm> Arms { get; init; }

    /// <summary>
    /// The pairs of names that are compared, each with what it is compared with behind it; null: every arm with the first one, and all
    /// pairs of arms that cost as many generations.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<string>>? Compare { get; init; }

    /// <summary>Base, another sample, IMG, and IMG gated by a scorer.</summary>
    public static ArmMatrix Default { get; } =
        new()
        {
            Arms =
            [
                new("base"),
                new("another sample") { FirstSample = 1 },
                new("IMG") { Rounds = 1 },
                new("gated IMG") { Rounds = 1, Gated = true },
            ],
        };

    /// <summary>Reads a JSON file: <c>{"arms": [{"name": "base"}, {"name": "IMG", "rounds": 1}], "compare": [["IMG", "base"]]}</c>.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">It cannot be read, or what it says makes no sense.</exception>
    public static ArmMatrix Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!File.Exists(path))
            throw new ImgAlignException($"{path}: there is no such file; give a JSON file with \"arms\".");
        try
        {
            var matrix =
                JsonSerializer.Deserialize<ArmMatrix>(File.ReadAllText(path), Options)
                ?? throw new ImgAlignException("there are no arms, but null.");
            matrix.Check();
            return matrix;
        }
        catch (JsonException exception)
        {
            throw new ImgAlignException(
                $"{path}: line {exception.LineNumber + 1} ({exception.Path}) is not as in a file of arms, {{\"arms\": [{{\"name\": …}}], "
                    + $"\"compare\": …}}, where an arm has {string.Join(", ", ArmKeys)}.",
                exception
            );
        }
        catch (ImgAlignException exception)
        {
            throw new ImgAlignException($"{path}: {exception.Message}", exception);
        }
    }

    private static IEnumerable<string> ArmKeys =>
        Options
            .GetTypeInfo(typeof(EvaluationArm))
            .Properties.Where(static property => property.Set is not null || property.AssociatedParameter is not null)
            .Select(static property => property.Name);

    /// <summary>Makes sure that the arms can run and that comparisons are of them.</summary>
    /// <exception cref="ImgAlignException">They cannot.</exception>
    internal void Check()
    {
        if (Arms.Count == 0)
            throw new ImgAlignException("There are no arms; name at least one.");
        foreach (var arm in Arms)
            arm.Check();
        if (Arms.CountBy(static arm => arm.Name).FirstOrDefault(static count => count.Value > 1).Key is { } twice)
            throw new ImgAlignException($"Two arms are called '{twice}'; give each its own name.");
        foreach (var pair in Compare ?? [])
        {
            if (pair.Count != 2 || pair[0] == pair[1])
                throw new ImgAlignException("Each entry of \"compare\" needs the names of two different arms.");
            if (pair.FirstOrDefault(name => Arms.All(arm => arm.Name != name)) is { } unknown)
                throw new ImgAlignException($"\"compare\" names '{unknown}', but there is no arm of this name.");
        }
    }

    /// <summary>The pairs that are compared, each with what it is compared with behind it.</summary>
    internal IReadOnlyList<(EvaluationArm Arm, EvaluationArm Baseline)> Pairs =>
        Compare is { } named
            ? [.. named.Select(pair => (Find(pair[0]), Find(pair[1])))]
            :
            [
                .. Arms.Skip(1).Select(arm => (arm, Arms[0])),
                .. from baseline in Arms.Skip(1).Index()
                from arm in Arms.Skip(baseline.Index + 2)
                where arm.Generations == baseline.Item.Generations
                select (arm, baseline.Item),
            ];

    private EvaluationArm Find(string name) => Arms.First(arm => arm.Name == name);
}

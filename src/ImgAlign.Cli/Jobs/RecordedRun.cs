using System.CommandLine;
using System.CommandLine.Parsing;
using System.Security.Cryptography;
using ImgAlign.Cli.Hub;
using ImgAlign.DependencyInjection;
using ImgAlign.Runtime;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Jobs;

/// <summary>What the records of a run say of it beside what was computed: what was asked for, and of which models.</summary>
/// <param name="parsed">The command line.</param>
/// <param name="options">Its options that pictures depend on.</param>
/// <param name="configuration">The models and how they ran, as configured.</param>
internal sealed class RecordedRun(ParseResult parsed, IEnumerable<Option> options, IConfigurationSection configuration)
{
    // Where pictures are computed, and how much of it at once, may change between two parts of a run.
    private static readonly string[] NotOfPictures =
    [
        nameof(RuntimeOptions.Device),
        nameof(RuntimeOptions.Residency),
        nameof(RuntimeOptions.MemoryBudgetBytes),
        nameof(RuntimeOptions.Threads),
        nameof(RuntimeOptions.QueueLimit),
        nameof(ImgAlignOptions.Devices),
        nameof(ImgAlignOptions.RecordPrompts),
        nameof(PipelineOptions.Replicas),
    ];

    /// <summary>The options that give a file: its content is what pictures depend on, and its path is of this machine.</summary>
    public static IReadOnlyList<string> FileOptions { get; } = [PictureJob.ImageOption, QuestionFile.OptionName];

    private readonly Dictionary<string, string> given = options
        .Select(parsed.GetResult)
        .OfType<OptionResult>()
        .Where(static result => !result.Implicit)
        .ToDictionary(
            static result => result.Option.Name,
            static result => string.Join(' ', result.Tokens.Select(static token => token.Value))
        );

    private readonly Lazy<IReadOnlyDictionary<string, string?>> values = new(() => RecordJson.Values(configuration));
    private readonly Lazy<IReadOnlyDictionary<string, string>> sources = new(() => NamedModels.Sources(configuration));

    /// <summary>The command's name.</summary>
    public string Command => parsed.CommandResult.Command.Name;

    /// <summary>The values of the configuration by their keys.</summary>
    public IReadOnlyDictionary<string, string?> Configuration => values.Value;

    /// <summary>Where the files came from; reads those whose hashes are not known yet.</summary>
    public IReadOnlyDictionary<string, string> Sources => sources.Value;

    /// <summary>What a job asks for, by the names of options; what is not among them is the models' own.</summary>
    public IReadOnlyDictionary<string, string> Asked(PictureJob job)
    {
        var asked = new SortedDictionary<string, string>(given, StringComparer.Ordinal);
        foreach (var (option, value) in job.Options)
            asked[option] = value; // what a job says goes before what the command line says
        foreach (var option in FileOptions)
            if (asked.TryGetValue(option, out var file) && File.Exists(file))
                asked[HashKey(option)] = HashOf(file);
        return asked;
    }

    /// <summary>Of what a record says, that which its picture depends on.</summary>
    public static Dictionary<string, string?> OfPicture(
        IReadOnlyDictionary<string, string> asked,
        IReadOnlyDictionary<string, string?> configuration
    ) =>
        WithoutFiles(asked)
            .Select(static pair => KeyValuePair.Create(pair.Key, (string?)pair.Value))
            .Concat(configuration.Where(static pair => IsOfPicture(pair.Key) && !OptionDefaults.Contain(pair.Key, pair.Value)))
            .ToDictionary();

    /// <summary>Whether pictures depend on a key of the configuration.</summary>
    public static bool IsOfPicture(string key) => !key.Split(':').Intersect(NotOfPictures, StringComparer.OrdinalIgnoreCase).Any();

    /// <summary>What was asked for without the paths of given files; their hashes stay.</summary>
    public static Dictionary<string, string> WithoutFiles(IReadOnlyDictionary<string, string> asked) =>
        asked.Where(static pair => !FileOptions.Contains(pair.Key)).ToDictionary();

    /// <summary>What says which file an option gave.</summary>
    public static string HashKey(string option) => $"SHA-256 of {option}";

    private static string HashOf(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}

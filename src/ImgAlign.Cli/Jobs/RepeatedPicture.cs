using System.CommandLine;
using System.Text;
using System.Text.Json;
using ImgAlign.Cli.Align;
using ImgAlign.Hub;

namespace ImgAlign.Cli.Jobs;

/// <summary>
/// A picture that is made again from the record in it (<c>--from</c>): what was asked for then, with what the command line says now on top.
/// Models come from the command line, from a file, or from the hub's cache, and must be those of then.
/// </summary>
internal sealed class RepeatedPicture
{
    private const string Name = "--from";

    private readonly string file;
    private readonly RecordedRequest record;

    private RepeatedPicture(string file, RecordedRequest record) => (this.file, this.record) = (file, record);

    /// <summary>
    /// How the models ran, and those that the hub has, by the keys of the configuration. The picture may be anybody's: a path in it is not
    /// used.
    /// </summary>
    public IReadOnlyDictionary<string, string?> Configuration =>
        record
            .Configuration.Where(static pair => !SettingsFile.IsPath(pair.Key))
            .Concat(
                record
                    .Sources.Where(static source => SettingsFile.IsPath(source.Key) && IsOfHub(source.Value))
                    .Select(static source => KeyValuePair.Create(source.Key, (string?)source.Value))
            )
            .ToDictionary();

    /// <summary>Makes the option.</summary>
    public static Option<string?> CreateOption() =>
        new(Name)
        {
            Description =
                "A picture of this tool to make again, by the record in it; other options come before what it says. Models that are not "
                + "of the hub, and files that were given, have to be named again.",
        };

    /// <summary>Reads the picture that the option names; null where it names none.</summary>
    /// <exception cref="ImgAlignException">There is no such picture, it has no record, or another command made it.</exception>
    public static RepeatedPicture? Read(ParseResult parsed, Option<string?> option)
    {
        if (parsed.GetValue(option) is not { } file)
            return null;
        if (!File.Exists(file))
            throw new ImgAlignException($"{file}: there is no such picture.");
        var text =
            PngTextReader.Find(file, PictureMetadata.RecordKeyword, "give a PNG that this tool made")
            ?? throw new ImgAlignException($"{file}: this picture holds no record of its making, so that it cannot be made again by it.");
        RecordedRequest record;
        try
        {
            record = RecordJson.Read(Encoding.UTF8.GetBytes(text));
        }
        catch (JsonException exception)
        {
            throw new ImgAlignException($"{file}: the record in this picture cannot be read; save the picture again.", exception);
        }
        var command = parsed.CommandResult.Command.Name;
        if (record.Command is { } made && made != command)
            throw new ImgAlignException($"{file}: this picture was made by {made}; use imgalign {made} {Name} {file}.");
        return new RepeatedPicture(file, record);
    }

    /// <summary>The command line with what was asked for then where it does not say it itself.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="ofPictures">The options that pictures depend on: a picture may ask for no others, such as where results go.</param>
    /// <exception cref="ImgAlignException">It asks for other pictures, or what was asked for then is not known here.</exception>
    public ParseResult Extend(ParseResult parsed, IEnumerable<Option> ofPictures)
    {
        var command = parsed.CommandResult.Command;
        var known = ofPictures
            .Select(static option => option.Name)
            .Concat(PictureJob.OptionNames)
            .Except(RecordedRun.FileOptions)
            .ToHashSet();
        if (command.Arguments.Any(argument => parsed.GetResult(argument) is { Tokens.Count: > 0 }) || IsGiven("--prompts"))
            throw new ImgAlignException($"{Name} makes one picture again, by its own prompt; leave the prompt and --prompts out.");
        var files = RecordedRun.FileOptions.Where(name => command.Options.Any(option => option.Name == name)).ToList();
        foreach (var option in files)
            if (record.Asked.GetValueOrDefault(RecordedRun.HashKey(option)) is { } hash && !IsGiven(option))
                throw new ImgAlignException($"{file}: this picture was made with a file of SHA-256 {hash}; give it as {option}.");
        var words = parsed.Tokens.Select(static token => token.Value).ToList();
        IEnumerable<string> noOptions = [PictureJob.PromptName, .. files.Select(RecordedRun.HashKey)];
        var asked = record.Asked.Where(pair => !noOptions.Contains(pair.Key)).ToList();
        if (asked.Find(pair => !known.Contains(pair.Key)) is { Key: { } unknown })
            throw new ImgAlignException(
                $"{file}: this picture was made with {unknown}, which {command.Name} does not take from a picture."
            );
        foreach (var (name, value) in asked.Where(pair => !IsGiven(pair.Key)))
            words.Add(Find(name) is Option<bool> && value.Length == 0 ? name : $"{name}={value}");
        if (record.Asked.GetValueOrDefault(PictureJob.PromptName) is { } prompt)
            words.AddRange(["--", prompt]);
        var extended = parsed.RootCommandResult.Command.Parse(words, parsed.Configuration);
        return extended.Errors is [var error, ..] ? throw new ImgAlignException($"{file}: {error.Message}") : extended;

        bool IsGiven(string name) => parsed.GetResult(Find(name)) is { Implicit: false };

        Option Find(string name) => command.Options.First(option => option.Name == name);
    }

    /// <summary>Makes sure that models and given files are those of then.</summary>
    /// <exception cref="ImgAlignException">One is not, or is not named.</exception>
    public void RequireSame(RecordedRun run, IEnumerable<PictureJob> jobs)
    {
        foreach (var (key, then) in record.Sources)
        {
            if (!run.Configuration.ContainsKey(key))
                throw new ImgAlignException(
                    $"{file}: this picture was made with {key} of {then}; name it on the command line or in --config."
                );
            if (run.Sources.GetValueOrDefault(key) is var now && now != then)
                throw new ImgAlignException(
                    $"{file}: this picture was made with {key} of {then}, but now it is {now ?? "not there"}; name the one of then."
                );
        }
        if (run.Sources.FirstOrDefault(source => !record.Sources.ContainsKey(source.Key)) is { Key: { } added })
            throw new ImgAlignException($"{file}: this picture was made without {added}; leave it out.");
        foreach (var (asked, option) in jobs.Select(run.Asked).SelectMany(static _ => RecordedRun.FileOptions, ValueTuple.Create))
        {
            var (then, now) = (HashIn(record.Asked), HashIn(asked));
            if (then != now)
                throw new ImgAlignException(
                    $"{file}: this picture was made {(then is null ? "without" : $"with a file of SHA-256 {then} as")} {option}, but "
                        + $"{asked.GetValueOrDefault(option)} {(now is null ? "is not there" : $"has {now}")}; "
                        + $"{(then is null ? $"leave {option} out" : "give the one of then")}."
                );

            string? HashIn(IReadOnlyDictionary<string, string> all) => all.GetValueOrDefault(RecordedRun.HashKey(option));
        }
    }

    /// <summary>What is to be known before it is compared with the picture; null: nothing.</summary>
    public string? Doubt =>
        record.BatchSize > 1
            ? $"{file} was computed with others, up to {record.BatchSize} at once; alone it is the same but for rounding."
            : null;

    private static bool IsOfHub(string source) => HubReference.TryParse(source, out _);
}

using System.CommandLine;
using System.Globalization;
using ImgAlign.Checkpoints;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Hub;
using ImgAlign.Cli.Jobs;
using ImgAlign.Evaluation;
using Microsoft.Extensions.Configuration;
using Spectre.Console;

namespace ImgAlign.Cli.Evaluate;

/// <summary>The options of commands that evaluate, and what they do.</summary>
internal sealed class EvaluationArguments
{
    private readonly Option<string> output = new("--out")
    {
        Description = "The folder for pictures, scores and report. The same command goes on where it stopped.",
        Required = true,
    };
    private readonly Option<string?> arms = new("--arms")
    {
        Description =
            "A JSON file with the arms to compare, {\"arms\": [{\"name\": \"base\"}, {\"name\": \"IMG\", \"rounds\": 1}]}; otherwise base, "
            + "another sample, IMG, and IMG gated by a scorer.",
    };
    private readonly Option<string?> shard = new("--shard")
    {
        Description = "The part of the pictures that this run makes, as I/N, such as 1/4; --report puts the parts together.",
    };
    private readonly Option<bool> report = new("--report")
    {
        Description = "Make nothing, and write the report of what is there, by all shards.",
    };
    private readonly Option<string?> sweep = new("--sweep")
    {
        Description =
            $"In place of --arms, a round with each of several values of one setting, {SweepOption.Names}, such as scale=0.1,0.2,0.4, "
            + "and a contact sheet.",
    };
    private readonly Option<string?> export = new("--export")
    {
        Description = "A folder for the pictures as the evaluator of --benchmark reads them, with a folder for each arm.",
    };
    private readonly Option<string[]> imports = new("--import")
    {
        Description = "A result file of that evaluator, as ARM=PATH, for the report; may be given several times.",
    };
    private readonly Option<bool> noMetadata = PictureMetadata.CreateOption();
    private readonly Option<string?> questionFile = QuestionFile.CreateOption();
    private readonly Option<bool> yes = NamedModels.CreateYes();
    private readonly SamplingArguments sampling = new();
    private readonly Option<int?> passes = ValueOption.Number<int>("--passes", "How often the aligner is applied in a round; 3.");

    /// <summary>The options of commands whose prompts are given.</summary>
    public IEnumerable<Option> OfGivenPrompts => [export, imports, questionFile];

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="modelOptions">The options that say which models run.</param>
    public void AddTo(Command command, IEnumerable<Option> modelOptions)
    {
        foreach (
            var option in new Option[] { output, arms, sweep, shard, report, yes, passes, noMetadata }
                .Concat(sampling.Options.Except([sampling.Preview]))
                .Concat(modelOptions)
        )
            command.Add(option);
    }

    /// <summary>The questions about pictures of prompts.</summary>
    /// <exception cref="ImgAlignException">Their file cannot be read.</exception>
    public QuestionFile ReadQuestions(ParseResult parsed) => QuestionFile.Read(parsed.GetValue(questionFile));

    /// <summary>Where a file of prompts lies; one of the hub is fetched first.</summary>
    public async Task<string> FetchAsync(Terminal terminal, ParseResult parsed, string prompts, CancellationToken cancellationToken)
    {
        var named = SettingsFile.ToSection(new Dictionary<string, string?> { ["PromptsPath"] = prompts }, "Prompts");
        await NamedModels.FetchMissingAsync(named, parsed.GetValue(yes), terminal, cancellationToken);
        return HubName.Locate(prompts);
    }

    /// <summary>Makes the pictures, and writes the report unless this run is one of several shards.</summary>
    /// <param name="terminal">Where results and progress go.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="configure">Gives the configuration, which holds the models that the arms need.</param>
    /// <param name="defaultMatrix">The arms where the command line names none.</param>
    /// <param name="benchmark">The benchmark whose prompts these are; null: none.</param>
    /// <param name="cancellationToken">Ends the run before its next step.</param>
    /// <returns>The exit code: 0, or 1 where pictures or scores are missing.</returns>
    public async Task<int> RunAsync(
        Terminal terminal,
        ParseResult parsed,
        IReadOnlyList<EvaluationPrompt> prompts,
        Func<RequiredModels, IConfigurationSection> configure,
        ArmMatrix defaultMatrix,
        Benchmark? benchmark,
        CancellationToken cancellationToken
    )
    {
        var matrixFile = parsed.GetValue(arms);
        var (part, parts) = ReadShard(parsed.GetValue(shard));
        var folder = Path.GetFullPath(parsed.GetRequiredValue(output));
        var onlyReports = parsed.GetValue(report);
        if (onlyReports && parts > 1)
            throw new ImgAlignException("--report reads what all shards have made; leave --shard out.");
        if (matrixFile is not null && parsed.GetValue(sweep) is not null)
            throw new ImgAlignException("--sweep and --arms both say which arms there are; leave one of them out.");
        var exportFolder = parsed.GetValue(export);
        var results = (parsed.GetValue(imports) ?? []).Select(ReadImport).ToList();
        if (benchmark is null && (exportFolder is not null || results.Count > 0))
            throw new ImgAlignException("--export and --import are of a benchmark's evaluator; say with --benchmark which one.");
        if (parts > 1 && (exportFolder is not null || results.Count > 0))
            throw new ImgAlignException("--export and --import need all pictures; leave them to --report.");
        var matrix =
            matrixFile is not null ? ArmMatrix.Read(matrixFile)
            : parsed.GetValue(sweep) is { } values ? SweepOption.Read(values)
            : defaultMatrix;
        var configuration = configure(ModelConfiguration.Search(matrix.Arms.Any(static arm => arm.NeedsDetector)));
        OutputPath.RequireWritable(folder);
        var options = new EvaluationOptions
        {
            Prompts = prompts,
            Benchmark = benchmark,
            Matrix = matrix,
            Settings = sampling.Apply(parsed, new AlignmentRequest { AlignerPasses = parsed.GetValue(passes) ?? 3 }),
            Folder = folder,
            Shard = part,
            Shards = parts,
        };
        await NamedModels.FetchMissingAsync(configuration, parsed.GetValue(yes), terminal, cancellationToken);
        var changesFolder = matrixFile is null ? folder : Path.GetDirectoryName(Path.GetFullPath(matrixFile))!;
        // Once the options have been checked: it may write a file.
        var settled = new Lazy<IConfigurationSection>(() =>
            SettledTiling.Apply(configuration, options, settle: !onlyReports, changesFolder)
        );
        var metadata = new PictureMetadata(parsed.GetValue(noMetadata));
        var run = new EvaluationRun(
            options,
            changes =>
            {
                var own = SettingsFile.Change(settled.Value, changes, changesFolder);
                return EvaluationServices.Open(own, new EvaluationMetadata(parsed, sampling, questionFile, own, metadata));
            }
        );
        var result = onlyReports
            ? await run.ReadAsync(cancellationToken)
            : await run.RunAsync(new EvaluationLines(terminal.Error), cancellationToken);
        foreach (var arm in result.LeftOut)
            terminal.Error.WriteText($"{arm} is left out, since no scorer decides; name one with --scorer.");
        foreach (var (arm, path) in results)
            result = result.Import(arm, path);
        if (parts == 1)
            Write(terminal, result);
        if (parts == 1 && parsed.GetValue(sweep) is not null)
            terminal.Out.WriteText(result.WriteContactSheet());
        if (result.Failures > 0)
            terminal.Error.WriteText(
                $"{result.Failures} pictures or scores are missing: {(parts == 1 ? "the report" : "--report in place of --shard")} says "
                    + "why, and the same command tries them again."
            );
        if (exportFolder is not null)
            result.Export(exportFolder);
        return result.Failures == 0 ? 0 : 1;
    }

    private static void Write(Terminal terminal, EvaluationResult result)
    {
        foreach (var comparison in result.Comparisons)
            terminal.Out.WriteText(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{comparison.Arm.Name} against {comparison.Baseline.Name} by {comparison.Scorer}: {comparison.Scores.Wins} wins, "
                        + $"{comparison.Scores.Ties} ties, {comparison.Scores.Losses} losses, p {comparison.Scores.PValue:0.0e+0}, "
                        + $"corrected {comparison.CorrectedPValue:0.0e+0}"
                )
            );
        terminal.Out.WriteText(result.WriteReport());
    }

    private static (string Arm, string Path) ReadImport(string text) =>
        text.LastIndexOf('=') is > 0 and var sign
            ? (text[..sign], Path.GetFullPath(text[(sign + 1)..]))
            : throw new ImgAlignException($"--import is '{text}'; use ARM=PATH, such as IMG=results.jsonl.");

    private static (int Part, int Parts) ReadShard(string? text) =>
        text is null ? (1, 1)
        : text.Split('/') is [var part, var parts] && int.TryParse(part, out var i) && int.TryParse(parts, out var n) ? (i, n)
        : throw new ImgAlignException($"--shard is '{text}'; use I/N, such as 1/4.");
}

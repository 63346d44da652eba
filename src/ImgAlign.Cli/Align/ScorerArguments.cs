using System.CommandLine;
using System.Globalization;
using ImgAlign.DependencyInjection;
using ImgAlign.Scorers;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Align;

/// <summary>Which scorers run, where their files are, and which of them decide what is kept.</summary>
internal static class ScorerArguments
{
    private const string ScorersKey = $"{nameof(ImgAlignOptions.Pipeline)}:{nameof(PipelineOptions.Scorers)}";
    private const string VoteKey = $"{nameof(ImgAlignOptions.Pipeline)}:{nameof(PipelineOptions.GateVote)}";
    private const string GateKey = $"{nameof(ImgAlignOptions.Pipeline)}:{nameof(PipelineOptions.Gate)}";

    // By name: the section, and the key in it for what a CLIP model has to lend.
    private static readonly Dictionary<string, (string Section, string? ClipKey)> Kinds = new(StringComparer.OrdinalIgnoreCase)
    {
        [ClipScorer.DefaultName] = ("ClipScore", null),
        [PickScorer.DefaultName] = ("PickScore", nameof(PickScoreOptions.TokenizerPath)),
        [HpsScorer.DefaultName] = ("Hps", nameof(HpsOptions.TokenizerPath)),
        [AestheticScorer.DefaultName] = ("Aesthetic", nameof(AestheticOptions.ClipPath)),
        [ImageRewardScorer.DefaultName] = ("ImageReward", null),
        [Hpsv3Scorer.DefaultName] = ("Hpsv3", null),
        [VqaScorer.DefaultName] = ("VqaScore", null),
        [SoftTifaScorer.DefaultName] = ("SoftTifa", null),
    };

    // Those that have no files, but a judge.
    private static readonly string[] Judged = [VqaScorer.DefaultName, SoftTifaScorer.DefaultName];

    private static readonly Option<string[]> Scorers = new("--scorer")
    {
        Description =
            $"A scorer, {Names}, as NAME=PATH, or as NAME where --config or --recipe has its files; may be given "
            + "several times. The first decides what is kept, unless --gate says otherwise. "
            + $"{string.Join(" and ", Judged)} have no files: the detector judges, or --judge.",
    };

    private static readonly Option<string?> Judge = new("--judge")
    {
        Description =
            $"Another multimodal language model than the detector as the judge of {string.Join(" and ", Judged)}, as FAMILY=PATH, such as "
            + "qwen3vl=Qwen/Qwen3-VL-8B-Instruct.",
    };

    private static readonly Option<bool> DrawQuestions = new("--draw-questions")
    {
        Description = $"Let the judge draw the questions of {SoftTifaScorer.DefaultName} from a prompt for which none are given.",
    };

    private static readonly Option<string[]> EnoughAnswers = new("--enough-answers")
    {
        Description =
            "A probability of the right answer that suffices, as NAME=PROBABILITY: no further round follows a picture all of whose "
            + $"questions have it; for {string.Join(" and ", Judged)}.",
    };

    private static readonly Option<string?> Clip = new("--scorer-clip")
    {
        Description =
            $"A CLIP model, openai/clip-vit-large-patch14: what {AestheticScorer.DefaultName} sees by, and the vocabulary of "
            + $"{PickScorer.DefaultName} and {HpsScorer.DefaultName} in the place of any other.",
    };

    private static readonly Option<string[]> Gate = new("--gate")
    {
        Description =
            "A scorer that decides, as NAME or NAME=MARGIN by which a picture must be better to be kept; may be given several "
            + "times. Other scorers only report.",
    };

    private static readonly Option<GateVote?> Vote = ValueOption.Choice<GateVote>("--gate-vote", "How many scorers of --gate must agree");

    private static readonly Option<string[]> Enough = new("--enough")
    {
        Description = "A score that suffices, as NAME=SCORE: no further round follows a picture that has it; may be given several times.",
    };

    /// <summary>The command line's options.</summary>
    public static IEnumerable<Option> Options => [.. OptionsWithoutEnd, Enough, EnoughAnswers];

    /// <summary>Those of a command that draws all its pictures, whatever suffices.</summary>
    public static IEnumerable<Option> OptionsWithoutEnd => [Scorers, Clip, Judge, DrawQuestions, Gate, Vote];

    /// <summary>Whether the command line says what decides.</summary>
    public static bool HasGate(ParseResult parsed) =>
        parsed.GetValue(Vote) is not null
        || new[] { Gate, Enough, EnoughAnswers }.Any(option => parsed.GetValue(option) is { Length: > 0 });

    /// <summary>The families of the judges that scorers of the command line or of the settings have; the detector's may be one.</summary>
    /// <exception cref="ImgAlignException"><c>--judge</c> is not FAMILY=PATH.</exception>
    public static IReadOnlyList<string> JudgeFamilies(Dictionary<string, string?> settings, ParseResult parsed)
    {
        var named = (parsed.GetValue(Scorers) ?? []).Select(static scorer => Split(scorer).Name).ToList();
        var judge = parsed.GetValue(Judge) is { } text ? SplitJudge(text).Family : null;
        return
        [
            .. Judged
                .Where(name => named.Count > 0 ? named.Contains(name, StringComparer.OrdinalIgnoreCase) : HasSection(settings, name))
                .Select(name =>
                    judge ?? settings.GetValueOrDefault(JudgeKey(name)) ?? settings.GetValueOrDefault(ModelConfiguration.DetectorKey)
                )
                .OfType<string>()
                .Distinct(StringComparer.OrdinalIgnoreCase),
        ];
    }

    /// <summary>The scorers that the command line names and whose files neither it nor a file's settings tell: a recipe may.</summary>
    public static IEnumerable<string> WithoutFiles(Dictionary<string, string?> settings, ParseResult parsed) =>
        (parsed.GetValue(Scorers) ?? [])
            .Where(scorer => !IsJudged(scorer) && Kinds.TryGetValue(scorer, out var kind) && !settings.ContainsKey(ModelKey(kind.Section)))
            .Select(static scorer => scorer.ToLowerInvariant());

    /// <summary>The sections of scorers.</summary>
    public static IEnumerable<string> Sections => Kinds.Values.Select(static kind => kind.Section);

    /// <summary>The section of a scorer; null: it has none, since it comes with other models.</summary>
    public static string? SectionOf(string name) => Kinds.TryGetValue(name, out var kind) ? kind.Section : null;

    /// <summary>Whether a scorer has a detector judge.</summary>
    public static bool IsJudged(string name) => Judged.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The names of the scorers that a configuration has files of, or that come with its models.</summary>
    public static IReadOnlyList<string> NamesIn(IConfigurationSection configuration) =>
        [
            .. ModelServices.IsShapeWorld(configuration) ? [ModelServices.ShapeWorld] : Array.Empty<string>(),
            .. Kinds.Keys.Where(name => configuration.GetSection(SectionOf(name)!).Exists()),
        ];

    /// <summary>Leaves out which scorers run and decide, for commands that run none.</summary>
    public static void Remove(Dictionary<string, string?> settings) => RemoveBelow(settings, ScorersKey, GateKey);

    /// <summary>Leaves out which scores suffice, for commands that draw all their pictures.</summary>
    public static void RemoveEnd(IConfigurationSection configuration)
    {
        foreach (var criterion in configuration.GetSection(GateKey).GetChildren())
            criterion[nameof(ScoreCriterion.Sufficient)] = criterion[nameof(ScoreCriterion.SufficientAnswers)] = null;
    }

    /// <summary>Puts what the command line says on top of a file's settings.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="hasDetector">Whether a detector runs, which judges where nothing else is named.</param>
    /// <param name="own">The scorer of the models that run, which goes before all others; null: there is none.</param>
    /// <exception cref="ImgAlignException">A scorer is not known, or named twice, or its files are not.</exception>
    public static void Add(Dictionary<string, string?> settings, ParseResult parsed, bool hasDetector, string? own = null)
    {
        var named = (parsed.GetValue(Scorers) ?? []).Select(static scorer => Split(scorer)).ToList();
        RequireOnce(named.Select(static scorer => scorer.Name), Scorers);
        foreach (var (name, path) in named)
        {
            var section = Find(name).Section;
            if (IsJudged(name))
            {
                if (path is not null)
                    throw new ImgAlignException($"--scorer {name} has no files of its own; name its judge as --judge FAMILY=PATH.");
                settings.TryAdd(JudgeKey(name), settings.GetValueOrDefault(ModelConfiguration.DetectorKey));
            }
            else if (path is not null)
                settings[ModelKey(section)] = path;
            else if (string.IsNullOrEmpty(settings.GetValueOrDefault(ModelKey(section))))
                throw new ImgAlignException($"--scorer {name} does not say where its files are: give {name}=PATH, --config or --recipe.");
        }
        if (named.Count > 0)
        {
            var kept = named.Select(static scorer => Find(scorer.Name).Section).ToList();
            RemoveBelow(settings, [ScorersKey, .. Sections.Except(kept)]);
            IEnumerable<string> order = named.Select(static scorer => scorer.Name.ToLowerInvariant());
            foreach (var (index, name) in (own is null ? order : order.Prepend(own)).Index())
                settings[$"{ScorersKey}:{index}"] = name;
        }
        AddClip(settings, parsed.GetValue(Clip));
        AddJudge(settings, parsed, hasDetector);
        AddGate(settings, parsed);
        if (named.Count > 0)
            RequireDeciding(settings);
        AddVote(settings, parsed.GetValue(Vote));
    }

    private static void AddClip(Dictionary<string, string?> settings, string? path)
    {
        if (path is null)
            return;
        var borrowers = Kinds
            .Values.Where(kind => kind.ClipKey is not null && settings.Keys.Any(key => IsBelow(key, kind.Section)))
            .ToList();
        if (borrowers.Count == 0)
        {
            var names = string.Join(", ", Kinds.Where(static kind => kind.Value.ClipKey is not null).Select(static kind => kind.Key));
            throw new ImgAlignException($"--scorer-clip is for {names}: give --scorer for one of them, or leave it out.");
        }
        foreach (var (section, key) in borrowers)
            settings[$"{section}:{key}"] = path;
    }

    private static void AddJudge(Dictionary<string, string?> settings, ParseResult parsed, bool hasDetector)
    {
        var judged = Judged.Where(name => HasSection(settings, name)).ToList();
        if (parsed.GetValue(Judge) is { } judge)
        {
            var (family, path) = SplitJudge(judge);
            if (!ModelConfiguration.Detectors.TryGetValue(family, out var section))
                throw new ImgAlignException(
                    $"--judge is '{judge}', but there is no family '{family}'; {string.Join(", ", ModelConfiguration.Detectors.Keys)} are there."
                );
            if (judged.Count == 0)
                throw new ImgAlignException(
                    $"--judge is for {string.Join(" and ", Judged)}: give --scorer for one of them, or leave it out."
                );
            if (
                hasDetector
                && string.Equals(settings.GetValueOrDefault(ModelConfiguration.DetectorKey), family, StringComparison.OrdinalIgnoreCase)
            )
                throw new ImgAlignException($"--judge is of the detector's own family, {family}, which judges anyway; leave it out.");
            settings[ModelKey(section)] = path;
            foreach (var name in judged)
                settings[JudgeKey(name)] = family.ToLowerInvariant();
        }
        if (!parsed.GetValue(DrawQuestions))
            return;
        if (!judged.Contains(SoftTifaScorer.DefaultName))
            throw new ImgAlignException(
                $"--draw-questions is for {SoftTifaScorer.DefaultName}: give it as --scorer, too, or leave it out."
            );
        settings[$"{Find(SoftTifaScorer.DefaultName).Section}:{nameof(SoftTifaOptions.DrawQuestions)}"] = "true";
    }

    private static bool HasSection(Dictionary<string, string?> settings, string name) =>
        settings.Keys.Any(key => IsBelow(key, Find(name).Section));

    private static string JudgeKey(string name) => $"{Find(name).Section}:{nameof(JudgeOptions.Judge)}";

    private static (string Family, string Path) SplitJudge(string judge) =>
        Split(judge) is ({ Length: > 0 } family, { Length: > 0 } path)
            ? (family, path)
            : throw new ImgAlignException($"--judge is '{judge}'; give FAMILY=PATH, such as qwen3vl=Qwen/Qwen3-VL-8B-Instruct.");

    private static void AddGate(Dictionary<string, string?> settings, ParseResult parsed)
    {
        var margins = (parsed.GetValue(Gate) ?? []).Select(static gate => SplitKnown(gate)).ToList();
        var enough = (parsed.GetValue(Enough) ?? []).Select(static score => SplitKnown(score)).ToList();
        var answers = (parsed.GetValue(EnoughAnswers) ?? []).Select(static answer => SplitKnown(answer)).ToList();
        if (margins.Count == 0 && enough.Count == 0 && answers.Count == 0)
            return;
        RequireOnce(margins.Select(static gate => gate.Name), Gate);
        RequireOnce(enough.Select(static score => score.Name), Enough);
        RequireOnce(answers.Select(static answer => answer.Name), EnoughAnswers);
        var deciding = DecidingOf(settings);
        if (margins.Count > 0)
        {
            RemoveBelow(settings, GateKey);
            deciding = [.. margins.Select(static gate => gate.Name)];
        }
        else if (deciding.Count == 0)
        {
            deciding = [settings.GetValueOrDefault($"{ScorersKey}:0") ?? enough.Concat(answers).First().Name]; // the first scorer, where nothing else is said
        }
        foreach (var (index, name) in deciding.Index())
            settings[CriterionKey(index, nameof(ScoreCriterion.Scorer))] = name;
        foreach (var (index, (name, margin)) in margins.Index())
            if (margin is not null)
                settings[CriterionKey(index, nameof(ScoreCriterion.Margin))] = Number(margin, Gate, name);
        AddEnough(Enough, enough, nameof(ScoreCriterion.Sufficient));
        AddEnough(EnoughAnswers, answers, nameof(ScoreCriterion.SufficientAnswers));

        void AddEnough(Option option, List<(string Name, string? Value)> given, string member)
        {
            foreach (var (name, value) in given)
            {
                var index = deciding.IndexOf(name);
                if (index < 0)
                    throw new ImgAlignException(
                        $"{option.Name} is of {name}, but {string.Join(", ", deciding)} decides; name {name} as --gate, too, or leave it out."
                    );
                settings[CriterionKey(index, member)] = Number(value, option, name);
            }
        }
    }

    // A file's scorers give way to those of --scorer, and those that the file lets decide may be among them.
    private static void RequireDeciding(Dictionary<string, string?> settings)
    {
        var running = Numbered(settings, static index => $"{ScorersKey}:{index}");
        if (DecidingOf(settings).Find(name => !running.Contains(name, StringComparer.OrdinalIgnoreCase)) is { } absent)
        {
            throw new ImgAlignException(
                $"{GateKey} of the file lets {absent} decide, but --scorer names {string.Join(", ", running)} in its place; "
                    + $"say with --gate which of these decides, or name {absent} as --scorer, too."
            );
        }
    }

    // The scorers that a file's settings let decide.
    private static List<string> DecidingOf(Dictionary<string, string?> settings) =>
        Numbered(settings, static index => CriterionKey(index, nameof(ScoreCriterion.Scorer)));

    // The entries of a list, of which each has a key.
    private static List<string> Numbered(Dictionary<string, string?> settings, Func<int, string> keyOf) =>
        [
            .. Enumerable
                .Range(0, settings.Count)
                .Select(index => settings.GetValueOrDefault(keyOf(index)))
                .TakeWhile(static name => name is not null)
                .OfType<string>(),
        ];

    private static string CriterionKey(int index, string member) => $"{GateKey}:{index}:{member}";

    private static void AddVote(Dictionary<string, string?> settings, GateVote? vote)
    {
        if (vote is null)
            return;
        if (!settings.Keys.Any(static key => IsBelow(key, GateKey)))
            throw new ImgAlignException("--gate-vote counts the scorers of --gate; give --gate as well, or leave it out.");
        settings[VoteKey] = vote.ToString();
    }

    private static string ModelKey(string section) => $"{section}:{nameof(HpsOptions.ModelPath)}";

    private static string Names => string.Join(", ", Kinds.Keys);

    private static (string Section, string? ClipKey) Find(string name) =>
        Kinds.TryGetValue(name, out var kind)
            ? kind
            : throw new ImgAlignException($"--scorer is '{name}', which is not known here; {Names} are.");

    private static (string Name, string? Value) Split(string text) =>
        text.IndexOf('=', StringComparison.Ordinal) is >= 0 and var sign ? (text[..sign], text[(sign + 1)..]) : (text, null);

    // Names of the scorers that are known here are written in any case, as for --scorer.
    private static (string Name, string? Value) SplitKnown(string text) =>
        Split(text) is var (name, value) && Kinds.ContainsKey(name) ? (name.ToLowerInvariant(), value) : Split(text);

    private static void RequireOnce(IEnumerable<string> names, Option option)
    {
        var counts = names.CountBy(static name => name, StringComparer.OrdinalIgnoreCase);
        if (counts.FirstOrDefault(static count => count.Value > 1).Key is { } name)
            throw new ImgAlignException($"{option.Name} names {name} more than once; name it once.");
    }

    private static string Number(string? text, Option option, string name) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? text!
            : throw new ImgAlignException($"{option.Name} is '{name}={text}', but behind the name a finite number such as 0.5 is needed.");

    private static bool IsBelow(string key, string section) => key.StartsWith($"{section}:", StringComparison.OrdinalIgnoreCase);

    private static void RemoveBelow(Dictionary<string, string?> settings, params IEnumerable<string> sections)
    {
        foreach (var key in settings.Keys.Where(key => sections.Any(section => IsBelow(key, section))).ToList())
            settings.Remove(key);
    }
}

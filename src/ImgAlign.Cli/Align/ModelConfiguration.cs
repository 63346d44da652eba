using System.CommandLine;
using System.Globalization;
using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Cli.Hub;
using ImgAlign.DependencyInjection;
using ImgAlign.Detectors;
using ImgAlign.Hub;
using ImgAlign.Recipes;
using ImgAlign.Runtime;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Align;

/// <summary>
/// Which models run, and where: the section <c>ImgAlign</c> of a JSON file, as a host application has it in its <c>appsettings.json</c>,
/// with the options of the command line on top.
/// </summary>
internal static partial class ModelConfiguration
{
    /// <summary>The section of a JSON file.</summary>
    public const string Section = "ImgAlign";

    /// <summary>The key of the diffusion model's name.</summary>
    public const string BackboneKey = $"{nameof(ImgAlignOptions.Pipeline)}:{nameof(PipelineOptions.Backbone)}";

    /// <summary>The key of the detector's name.</summary>
    public const string DetectorKey = $"{nameof(ImgAlignOptions.Pipeline)}:{nameof(PipelineOptions.Detector)}";
    private const string PolicyKey = $"{nameof(ImgAlignOptions.Pipeline)}:{nameof(PipelineOptions.Policy)}";
    private const string AlignsKey = $"{nameof(ImgAlignOptions.Pipeline)}:{nameof(PipelineOptions.Aligns)}";
    private const string AlignerPathKey = $"{ModelServices.AlignerSection}:{nameof(AlignerOptions.Path)}";
    private const string TokensKey = $"{ModelServices.AlignerSection}:{nameof(AlignerOptions.Tokens)}";
    private const string HeadWidthKey = $"{ModelServices.AlignerSection}:{nameof(AlignerOptions.HeadWidth)}";
    private const string DefaultBackbone = "sdxl";
    private const string DefaultDetector = "llava";

    // The families' sections, and what the authors' folder holds of each: null where it holds nothing.
    private static readonly Dictionary<string, (string Section, string? Aligner, string[] Released)> Families = new(
        StringComparer.OrdinalIgnoreCase
    )
    {
        [DefaultBackbone] = (
            "Sdxl",
            "aligner_sdxl.pth",
            [nameof(SdxlOptions.ImageEncoderPath), nameof(SdxlOptions.ResamplerPath), nameof(SdxlOptions.AdapterPath)]
        ),
        ["flux"] = ("Flux", "aligner_flux.pth", [nameof(FluxOptions.ImageEncoderPath), nameof(FluxOptions.AdapterPath)]),
        ["zimage"] = ("ZImage", null, []),
    };

    /// <summary>The families of detectors, and their sections.</summary>
    public static IReadOnlyDictionary<string, string> Detectors { get; } =
        new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
        {
            [DefaultDetector] = "Llava",
            ["qwen"] = "Qwen",
            ["qwen3vl"] = "Qwen3Vl",
        };

    /// <summary>The command line's options.</summary>
    public static IEnumerable<Option> Options => [.. ModelOptions, .. RuntimeValues.Select(value => value.Option)];

    /// <summary>Those that a command takes that runs the diffusion model alone.</summary>
    public static IEnumerable<Option> BackboneOptions =>
        [
            ConfigurationFile,
            Recipe,
            Recipes,
            Released,
            Backbone,
            Loras,
            .. BackboneValues.Select(value => value.Option),
            .. RuntimeValues.Select(value => value.Option),
        ];

    /// <summary>The sections of diffusion models.</summary>
    public static IEnumerable<string> BackboneSections => Families.Values.Select(static family => family.Section);

    /// <summary>The section of the diffusion model that a configuration runs; null: it has none, as ShapeWorld.</summary>
    public static string? BackboneSectionOf(IConfigurationSection configuration) =>
        Families.TryGetValue(configuration[BackboneKey] ?? "", out var family) ? family.Section : null;

    /// <summary>The sections of detectors.</summary>
    public static IEnumerable<string> DetectorSections => Detectors.Values;

    // Those that say which models run.
    private static IEnumerable<Option> ModelOptions =>
        [
            ConfigurationFile,
            Recipe,
            Recipes,
            Released,
            .. BackboneValues.Concat(DetectorValues).Select(value => value.Option),
            .. Values.Select(value => value.Option),
            Loras,
        ];

    /// <summary>The models that a search by a policy needs.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="policy">The policy's name; null: that of the record or the file, if they name one.</param>
    /// <param name="recorded">What a picture that is repeated was made with; null: none is.</param>
    public static RequiredModels OfSearch(ParseResult parsed, string? policy, IReadOnlyDictionary<string, string?>? recorded)
    {
        var settings = SettingsFile.Read(parsed.GetValue(ConfigurationFile), Section);
        AddRecorded(settings, recorded);
        policy ??= settings.GetValueOrDefault(PolicyKey);
        var isTurnedOff = bool.FalseString.Equals(settings.GetValueOrDefault(AlignsKey), StringComparison.OrdinalIgnoreCase);
        return Search(policy is null ? !isTurnedOff : SearchPolicies.ByName(policy).NeedsDetector);
    }

    /// <summary>The models that a server needs: all of them, unless nothing can be aligned for the backbone.</summary>
    /// <param name="parsed">The command line.</param>
    public static RequiredModels OfServing(ParseResult parsed)
    {
        var backbone = NameModels(parsed, recorded: null).Settings[BackboneKey]!;
        return Search(needsDetector: backbone == ModelServices.ShapeWorld || Find(Families, BackboneKey, backbone).Aligner is not null);
    }

    /// <summary>The models of a search that reads and aligns pictures, or only draws and selects them.</summary>
    public static RequiredModels Search(bool needsDetector) => needsDetector ? RequiredModels.All : RequiredModels.Selection;

    /// <summary>As <see cref="Read"/>, or ShapeWorld, which comes with the tool, where the command line names no model at all.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="required">The models that must be named where one is.</param>
    /// <param name="recorded">What a picture that is repeated was made with; null: none is.</param>
    /// <param name="optional">Those among them that run where they are named, and need not be.</param>
    /// <exception cref="ImgAlignException">Some models are named and others are not, or the file is broken.</exception>
    public static IConfigurationSection ReadOrShapeWorld(
        ParseResult parsed,
        RequiredModels required = RequiredModels.All,
        IReadOnlyDictionary<string, string?>? recorded = null,
        RequiredModels optional = RequiredModels.None
    )
    {
        var isOfWorld = recorded is null || recorded.GetValueOrDefault(BackboneKey) == ModelServices.ShapeWorld;
        if (!isOfWorld || ModelOptions.Any(option => parsed.GetResult(option) is { Implicit: false }))
            return Read(parsed, required, recorded, optional);
        // its networks are too small for more
        var settings = new Dictionary<string, string?>
        {
            [BackboneKey] = ModelServices.ShapeWorld,
            [DetectorKey] = ModelServices.ShapeWorld,
            [nameof(RuntimeOptions.Threads)] = "1",
        };
        AddRecorded(settings, recorded);
        if (required == RequiredModels.Selection)
            settings[AlignsKey] = bool.FalseString;
        AddGiven(settings, RuntimeValues, parsed);
        if (required.HasFlag(RequiredModels.Scorers))
            ScorerArguments.Add(settings, parsed, hasDetector: true, own: ModelServices.ShapeWorld);
        return SettingsFile.ToSection(settings, Section);
    }

    /// <summary>Puts file and command line together.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="required">The models that must be named; all of them unless it is said.</param>
    /// <param name="recorded">What a picture that is repeated was made with; null: none is.</param>
    /// <param name="optional">Those among them that run where they are named, and need not be.</param>
    /// <exception cref="ImgAlignException">One of the models is not named, or the file is broken.</exception>
    public static IConfigurationSection Read(
        ParseResult parsed,
        RequiredModels required = RequiredModels.All,
        IReadOnlyDictionary<string, string?>? recorded = null,
        RequiredModels optional = RequiredModels.None
    )
    {
        var (settings, recipe) = NameModels(parsed, recorded);
        var (section, aligner, released) = Find(Families, BackboneKey, settings[BackboneKey]!);
        if (aligner is null && (required.HasFlag(RequiredModels.Aligner) || parsed.GetValue(Released) is not null))
            throw new ImgAlignException(
                $"No image prompt is published for {settings[BackboneKey]}, which an alignment works by: leave --ckpts out and use "
                    + "imgalign generate, align --policy best-of-n or evaluate with arms without rounds, or use --backbone "
                    + $"{string.Join(" or ", Prompted)}."
            );
        var detector = Find(Detectors, DetectorKey, settings[DetectorKey]!);
        if (required == RequiredModels.Selection)
            settings[AlignsKey] = bool.FalseString;
        IEnumerable<string> judging = required.HasFlag(RequiredModels.Scorers) ? ScorerArguments.JudgeFamilies(settings, parsed) : [];
        var judges = judging.Select(static family => Detectors.GetValueOrDefault(family)).OfType<string>().ToList();
        if (judges.Contains(detector) && parsed.CommandResult.Command.Options.Contains(Detector))
            required |= RequiredModels.Detector; // it judges, whether it reads or not
        var unused = UnusedSections(section, detector, judges, required);
        var located = recipe?.Locate(new HubCache(), unused) ?? new Dictionary<string, string?>();
        foreach (var (key, value) in located)
            settings.TryAdd(key, value);
        if (parsed.GetValue(Released) is { } folder)
        {
            // The folder stands for all of its files, and for the released aligner's head width.
            Remove(settings, [.. released.Select(key => $"{section}:{key}"), HeadWidthKey, TokensKey]);
            settings[$"{section}:{nameof(SdxlOptions.ImagePromptPath)}"] = folder;
            settings[AlignerPathKey] = Path.Combine(ModelFolder.Resolve(folder), aligner!);
        }
        if (parsed.GetValue(Aligner) is not null)
            Remove(settings, HeadWidthKey, TokensKey);
        AddGiven(settings, Values.Concat(RuntimeValues), parsed);
        Add(settings, section, BackboneValues, parsed, Backbone, settings[BackboneKey]!);
        Add(settings, detector, DetectorValues, parsed, Detector, settings[DetectorKey]!);
        if (parsed.GetValue(Loras) is { Length: > 0 })
            Remove(
                settings,
                [
                    .. settings.Keys.Where(key =>
                        key.StartsWith($"{section}:{nameof(SdxlOptions.Loras)}:", StringComparison.OrdinalIgnoreCase)
                    ),
                ]
            );
        foreach (var (index, lora) in (parsed.GetValue(Loras) ?? []).Index())
        {
            var (file, scale) = SplitScale(lora);
            settings[$"{section}:{nameof(SdxlOptions.Loras)}:{index}:{nameof(LoraOptions.Path)}"] = file;
            settings[$"{section}:{nameof(SdxlOptions.Loras)}:{index}:{nameof(LoraOptions.Scale)}"] = scale;
        }
        if (required.HasFlag(RequiredModels.Scorers))
            ScorerArguments.Add(settings, parsed, required.HasFlag(RequiredModels.Detector));
        else
            ScorerArguments.Remove(settings);
        Remove(settings, [.. settings.Keys.Where(key => unused.Contains(key.Split(':')[0]))]);
        RequireModels(settings, section, detector, judges, required & ~optional);
        return SettingsFile.ToSection(settings, Section);
    }

    /// <summary>Whether all is there that a pipeline of these models needs: an aligner that is optional may be missing.</summary>
    /// <param name="configuration">What <see cref="ReadOrShapeWorld"/> has given.</param>
    public static bool IsComplete(IConfigurationSection configuration) =>
        configuration[BackboneKey] == ModelServices.ShapeWorld
        || bool.FalseString.Equals(configuration[AlignsKey], StringComparison.OrdinalIgnoreCase)
        || !string.IsNullOrEmpty(configuration[AlignerPathKey]);

    // What record, file and recipe say, in this order, and which backbone and detector run.
    private static (Dictionary<string, string?> Settings, ImgAlign.Recipes.Recipe? Recipe) NameModels(
        ParseResult parsed,
        IReadOnlyDictionary<string, string?>? recorded
    )
    {
        var settings = SettingsFile.Read(parsed.GetValue(ConfigurationFile), Section);
        AddRecorded(settings, recorded);
        var recipe = RecipeOptions.Find(parsed.GetValue(Recipe), parsed.GetValue(Recipes), ScorerArguments.WithoutFiles(settings, parsed));
        foreach (var (key, value) in recipe?.Settings ?? new Dictionary<string, string>())
            settings.TryAdd(key, value);
        settings[BackboneKey] = parsed.GetValue(Backbone) ?? settings.GetValueOrDefault(BackboneKey) ?? DefaultBackbone;
        settings[DetectorKey] = parsed.GetValue(Detector) ?? settings.GetValueOrDefault(DetectorKey) ?? DefaultDetector;
        return (settings, recipe);
    }

    // Files that are named here may lie elsewhere than those of the record; how they are used comes from the record.
    private static void AddRecorded(Dictionary<string, string?> settings, IReadOnlyDictionary<string, string?>? recorded)
    {
        foreach (var (key, value) in recorded ?? new Dictionary<string, string?>())
        {
            if (key == AlignsKey)
                continue; // by what is asked for now
            if (!SettingsFile.IsPath(key))
                settings[key] = value;
            else
                settings.TryAdd(key, value);
        }
    }

    // Those of models that the command does not run: their files are neither fetched nor looked at.
    private static HashSet<string> UnusedSections(string backbone, string detector, IEnumerable<string> judges, RequiredModels required)
    {
        IEnumerable<string> all = [.. BackboneSections, .. DetectorSections, ModelServices.AlignerSection, .. ScorerArguments.Sections];
        IEnumerable<string> used =
        [
            backbone,
            .. judges,
            .. required.HasFlag(RequiredModels.Detector) ? [detector] : Array.Empty<string>(),
            .. required.HasFlag(RequiredModels.Aligner) ? [ModelServices.AlignerSection] : Array.Empty<string>(),
            .. required.HasFlag(RequiredModels.Scorers) ? ScorerArguments.Sections : [],
        ];
        return all.Except(used).ToHashSet(StringComparer.OrdinalIgnoreCase);
    }

    private static void AddGiven(Dictionary<string, string?> settings, IEnumerable<(string Key, Option Option)> values, ParseResult parsed)
    {
        foreach (var (key, option) in values)
        {
            if (Given(option, parsed) is { } value)
                settings[key] = value;
        }
    }

    // What the command line says, as it was written; the parser has looked whether it is a value of the option.
    private static string? Given(Option option, ParseResult parsed) =>
        parsed.GetResult(option)?.Tokens is [.., var token] ? token.Value : null;

    private static T Find<T>(IReadOnlyDictionary<string, T> families, string key, string name) =>
        families.TryGetValue(name, out var family)
            ? family
            : throw new ImgAlignException($"{key} is '{name}', which is not known here; {string.Join(" and ", families.Keys)} are.");

    // Options of some families alone are refused with another, and the message says with which they go.
    private static void Add(
        Dictionary<string, string?> settings,
        string section,
        (string Key, Option Option, string[] Families)[] values,
        ParseResult parsed,
        Option choice,
        string chosen
    )
    {
        foreach (var (key, option, families) in values)
        {
            if (Given(option, parsed) is not { } value)
                continue;
            if (families.Length > 0 && !families.Contains(chosen, StringComparer.OrdinalIgnoreCase))
                throw new ImgAlignException($"{option.Name} is for {choice.Name} {string.Join(" or ", families)}.");
            settings[$"{section}:{key}"] = value;
        }
    }

    /// <summary>Another section of the file that <c>--config</c> names; empty where none is named.</summary>
    /// <exception cref="ImgAlignException">The file is broken, or has no such section.</exception>
    public static IConfigurationSection ReadSection(ParseResult parsed, string section) =>
        SettingsFile.ToSection(SettingsFile.Read(parsed.GetValue(ConfigurationFile), section), section);

    // What the command line says replaces what the file says, together with what only made sense there.
    private static void Remove(Dictionary<string, string?> settings, params string[] keys)
    {
        foreach (var key in keys)
            settings.Remove(key);
    }

    private static void RequireModels(
        Dictionary<string, string?> settings,
        string section,
        string detector,
        IEnumerable<string> judges,
        RequiredModels required
    )
    {
        (string Key, string Option, RequiredModels Model)[] models =
        [
            ($"{section}:{nameof(SdxlOptions.ModelPath)}", "--model", RequiredModels.Backbone),
            ($"{detector}:{nameof(LlavaOptions.ModelPath)}", "--detector", RequiredModels.Detector),
            (AlignerPathKey, "--ckpts or --aligner", RequiredModels.Aligner),
            .. judges.Select(static judge => ($"{judge}:{nameof(LlavaOptions.ModelPath)}", "--judge", RequiredModels.Scorers)),
        ];
        foreach (var (key, option, _) in models.Where(model => required.HasFlag(model.Model)))
        {
            if (string.IsNullOrEmpty(settings.GetValueOrDefault(key)))
                throw new ImgAlignException(
                    $"{key} is not set: give {option}, or --config with a file that holds it (docs/quick-start.md has one)."
                );
        }
    }

    private static (string File, string Scale) SplitScale(string lora)
    {
        var colon = lora.LastIndexOf(':');
        if (colon <= 0 || File.Exists(lora))
            return (lora, "1");
        var (file, scale) = (lora[..colon], lora[(colon + 1)..]);
        if (double.TryParse(scale, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
            return (file, scale);
        return File.Exists(file)
            ? throw new ImgAlignException($"--lora is '{lora}', but '{scale}' is no scale; give a finite number such as 0.8.")
            : (lora, "1");
    }
}

/// <summary>The models that a command needs.</summary>
[Flags]
internal enum RequiredModels
{
    /// <summary>None of them.</summary>
    None = 0,

    /// <summary>The diffusion model.</summary>
    Backbone = 1,

    /// <summary>The multimodal language model.</summary>
    Detector = 2,

    /// <summary>The aligner.</summary>
    Aligner = 4,

    /// <summary>Scorers, as many as are named.</summary>
    Scorers = 8,

    /// <summary>Those that draw pictures and select among them.</summary>
    Selection = Backbone | Scorers,

    /// <summary>All of them.</summary>
    All = Backbone | Detector | Aligner | Scorers,
}

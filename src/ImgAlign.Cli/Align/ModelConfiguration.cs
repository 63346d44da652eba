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
internal sealed class ModelConfiguration
{
    /// <summary>The section of a JSON file.</summary>
    public const string Section = "ImgAlign";

    /// <summary>The key of the diffusion model's name.</summary>
    public const string BackboneKey = $"{nameof(ImgAlignOptions.Pipeline)}:{nameof(PipelineOptions.Backbone)}";
    private const string DetectorKey = $"{nameof(ImgAlignOptions.Pipeline)}:{nameof(PipelineOptions.Detector)}";
    private const string AlignerPathKey = $"{ModelServices.AlignerSection}:{nameof(AlignerOptions.Path)}";
    private const string HeadWidthKey = $"{ModelServices.AlignerSection}:{nameof(AlignerOptions.HeadWidth)}";
    private const string DefaultBackbone = "sdxl";
    private const string DefaultDetector = "llava";

    // The families' sections, and what the authors' folder holds of each.
    private static readonly Dictionary<string, (string Section, string Aligner, string[] Released)> Families = new(
        StringComparer.OrdinalIgnoreCase
    )
    {
        [DefaultBackbone] = (
            "Sdxl",
            "aligner_sdxl.pth",
            [nameof(SdxlOptions.ImageEncoderPath), nameof(SdxlOptions.ResamplerPath), nameof(SdxlOptions.AdapterPath)]
        ),
        ["flux"] = ("Flux", "aligner_flux.pth", [nameof(FluxOptions.ImageEncoderPath), nameof(FluxOptions.AdapterPath)]),
    };

    private static readonly Dictionary<string, string> Detectors = new(StringComparer.OrdinalIgnoreCase)
    {
        [DefaultDetector] = "Llava",
        ["qwen"] = "Qwen",
    };

    private static readonly Option<string?> Aligner = Text("--aligner", "The Implicit Aligner: aligner_sdxl.pth or aligner_flux.pth.");

    private static readonly Option<string?> Backbone = Text(
            "--backbone",
            $"The diffusion model's family: sdxl or flux; {DefaultBackbone} unless the file says otherwise."
        )
        .AcceptOnlyFromAmong([.. Families.Keys]);

    private static readonly Option<string?> Detector = Text(
            "--detector-family",
            $"The multimodal language model's family: llava or qwen; {DefaultDetector} unless the file says otherwise."
        )
        .AcceptOnlyFromAmong([.. Detectors.Keys]);

    // The names that the options have in the chosen family's section, and the family that they are of, if they are of one alone.
    private static readonly (string Key, Option Option, string? Family)[] BackboneValues =
    [
        (
            nameof(SdxlOptions.ModelPath),
            Text("--model", "SDXL or FLUX: a folder as published, a folder of the hub's cache, or for SDXL a single file."),
            null
        ),
        (
            nameof(SdxlOptions.ConfigPath),
            Text("--model-config", "For a single file of SDXL: the folder that holds its tokenizers."),
            "sdxl"
        ),
        (nameof(SdxlOptions.UNetPath), Text("--unet", "Another UNet, such as that of SDXL-DPO: a folder or a file."), "sdxl"),
        (
            nameof(FluxOptions.TransformerPath),
            Text("--transformer", "Another transformer of FLUX: a folder, or a file such as flux1-dev.safetensors."),
            "flux"
        ),
        (
            nameof(SdxlOptions.VaePath),
            Text(
                "--vae",
                "Another autoencoder (VAE), also for single files without one: a folder, or a file such as sdxl_vae.safetensors "
                    + "or ae.safetensors."
            ),
            null
        ),
        (
            nameof(SdxlOptions.Storage),
            ValueOption.Choice<WeightStorage>("--storage", "How UNet or transformer keep their linear layers' weights"),
            null
        ),
        (
            nameof(SdxlOptions.TextEncoderStorage),
            ValueOption.Choice<WeightStorage>("--text-encoder-storage", "How the text encoders keep their linear layers' weights"),
            null
        ),
        (
            nameof(SdxlOptions.ImageEncoderStorage),
            ValueOption.Choice<WeightStorage>("--image-encoder-storage", "How the image prompt's encoder keeps its linear layers' weights"),
            null
        ),
        (
            nameof(FluxOptions.StepCacheThreshold),
            ValueOption.Number<double>(
                "--step-cache",
                "FLUX: skip blocks in steps whose first block changes relatively less than this, such as 0.1."
            ),
            "flux"
        ),
        (
            nameof(SdxlOptions.ImageEncoderPath),
            Text("--image-encoder", "The image prompt's encoder, ViT-H/14 for SDXL, ViT-L/14 for FLUX: a folder."),
            null
        ),
        (nameof(SdxlOptions.ResamplerPath), Text("--resampler", "The image prompt's projection for SDXL: resampler.pth."), "sdxl"),
        (
            nameof(SdxlOptions.AdapterPath),
            Text("--ip-adapter", "The image prompt's keys and values: ip-adapter-plus_sdxl_vit-h.bin, or ip_adapter.safetensors for FLUX."),
            null
        ),
    ];

    private static readonly (string Key, Option Option, string? Family)[] DetectorValues =
    [
        (nameof(LlavaOptions.ModelPath), Text("--detector", "LLaVA-1.5 in either published layout, or Qwen2.5-VL: a folder."), null),
        (
            nameof(LlavaOptions.VisionTowerPath),
            Text("--vision-tower", "LLaVA's vision tower, where the model's folder does not hold it: a folder."),
            "llava"
        ),
        (
            nameof(LlavaOptions.Template),
            Text("--template", "LLaVA's conversation template: llava_v0, llava_v1, vicuna_v1 or plain.")
                .AcceptOnlyFromAmong("llava_v0", "llava_v1", "vicuna_v1", "plain"),
            "llava"
        ),
        (
            nameof(LlavaOptions.Storage),
            ValueOption.Choice<WeightStorage>("--detector-storage", "How the detector keeps its linear layers' weights"),
            null
        ),
        (
            nameof(QwenOptions.MaxPixels),
            ValueOption.Number<int>(
                "--max-pixels",
                "The most pixels of a picture that Qwen2.5-VL reads; larger ones are scaled down first."
            ),
            "qwen"
        ),
    ];

    // The names that the other options have.
    private static readonly (string Key, Option Option)[] Values =
    [
        (BackboneKey, Backbone),
        (DetectorKey, Detector),
        (AlignerPathKey, Aligner),
        (
            HeadWidthKey,
            ValueOption.Number<int>(
                "--aligner-head-width",
                "Width of the aligner's attention heads, which its file does not tell; 64 in released ones."
            )
        ),
    ];

    // Where and how models run, whichever they are.
    private static readonly (string Key, Option Option)[] RuntimeValues =
    [
        (nameof(RuntimeOptions.Device), Text("--device", "Where to compute: cpu, cuda or cuda:N.")),
        (nameof(RuntimeOptions.Precision), ValueOption.Choice<Precision>("--precision", "The number format of weights and activations")),
        (
            nameof(RuntimeOptions.Residency),
            ValueOption.Choice<ResidencyPolicy>("--residency", "Which networks are in device memory at the same time")
        ),
        (
            nameof(RuntimeOptions.UseWideGemm),
            Text(
                    "--wide-gemm",
                    "Whether large products on AMD's CPUs run on this tool's own kernel, which is faster and rounds otherwise: "
                        + "true (the default) or false."
                )
                .AcceptOnlyFromAmong("true", "false")
        ),
    ];

    private static readonly Option<string?> ConfigurationFile = Text(
        "--config",
        "A JSON file with the section ImgAlign; its paths are relative to it."
    );

    private static readonly Option<string?> Released = Text(
        "--ckpts",
        "The authors' folder: image_encoder/, the image prompt's files (SDXL: resampler.pth, ip-adapter-plus_sdxl_vit-h.bin; "
            + "FLUX: ip_adapter.safetensors) and the aligner."
    );

    private static readonly Option<string[]> Loras = new("--lora")
    {
        Description = "A LoRA, as FILE or FILE:SCALE; may be given several times.",
    };

    private static readonly Option<string?> Recipe = Text(
        "--recipe",
        "A set of models by name, such as sdxl or flux, as imgalign pull has fetched it; other options change parts of it."
    );

    private static readonly Option<string?> Recipes = RecipeOptions.CreateRecipes();

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

    /// <summary>As <see cref="Read"/>, or ShapeWorld, which comes with the tool, where the command line names no model at all.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="required">The models that must be named where one is.</param>
    /// <exception cref="ImgAlignException">Some models are named and others are not, or the file is broken.</exception>
    public static IConfigurationSection ReadOrShapeWorld(ParseResult parsed, RequiredModels required = RequiredModels.All)
    {
        if (ModelOptions.Any(option => parsed.GetResult(option) is { Implicit: false }))
            return Read(parsed, required);
        // its networks are too small for more
        var settings = new Dictionary<string, string?> { [BackboneKey] = ModelServices.ShapeWorld, [nameof(RuntimeOptions.Threads)] = "1" };
        AddGiven(settings, RuntimeValues, parsed);
        if (required.HasFlag(RequiredModels.Scorers))
            ScorerArguments.Add(settings, parsed, own: ModelServices.ShapeWorld);
        return SettingsFile.ToSection(settings, Section);
    }

    /// <summary>Puts file and command line together.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="required">The models that must be named; all of them unless it is said.</param>
    /// <exception cref="ImgAlignException">One of the models is not named, or the file is broken.</exception>
    public static IConfigurationSection Read(ParseResult parsed, RequiredModels required = RequiredModels.All)
    {
        var settings = SettingsFile.Read(parsed.GetValue(ConfigurationFile), Section);
        var recipe = RecipeOptions.Find(parsed.GetValue(Recipe), parsed.GetValue(Recipes), ScorerArguments.WithoutFiles(settings, parsed));
        foreach (var (key, value) in recipe?.Settings ?? new Dictionary<string, string>())
            settings.TryAdd(key, value);
        settings[BackboneKey] = parsed.GetValue(Backbone) ?? settings.GetValueOrDefault(BackboneKey) ?? DefaultBackbone;
        settings[DetectorKey] = parsed.GetValue(Detector) ?? settings.GetValueOrDefault(DetectorKey) ?? DefaultDetector;
        var (section, aligner, released) = Find(Families, BackboneKey, settings[BackboneKey]!);
        var detector = Find(Detectors, DetectorKey, settings[DetectorKey]!);
        var unused = UnusedSections(section, detector, required);
        var located = recipe?.Locate(new HubCache(), unused) ?? new Dictionary<string, string?>();
        foreach (var (key, value) in located)
            settings.TryAdd(key, value);
        if (parsed.GetValue(Released) is { } folder)
        {
            // The folder stands for all of its files, and for the released aligner's head width.
            Remove(settings, [.. released.Select(key => $"{section}:{key}"), HeadWidthKey]);
            settings[$"{section}:{nameof(SdxlOptions.ImagePromptPath)}"] = folder;
            settings[AlignerPathKey] = Path.Combine(ModelFolder.Resolve(folder), aligner);
        }
        if (parsed.GetValue(Aligner) is not null)
            Remove(settings, HeadWidthKey);
        AddGiven(settings, Values.Concat(RuntimeValues), parsed);
        Add(settings, section, BackboneValues, parsed, family => Families[family].Section == section ? null : $"--backbone {family}");
        Add(settings, detector, DetectorValues, parsed, family => Detectors[family] == detector ? null : $"--detector-family {family}");
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
            ScorerArguments.Add(settings, parsed);
        else
            ScorerArguments.Remove(settings);
        Remove(settings, [.. settings.Keys.Where(key => unused.Contains(key.Split(':')[0]))]);
        RequireModels(settings, section, detector, required);
        return SettingsFile.ToSection(settings, Section);
    }

    // Those of models that the command does not run: their files are neither fetched nor looked at.
    private static HashSet<string> UnusedSections(string backbone, string detector, RequiredModels required)
    {
        IEnumerable<string> all = [.. BackboneSections, .. DetectorSections, ModelServices.AlignerSection, .. ScorerArguments.Sections];
        IEnumerable<string> used =
        [
            backbone,
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

    private static T Find<T>(Dictionary<string, T> families, string key, string name) =>
        families.TryGetValue(name, out var family)
            ? family
            : throw new ImgAlignException($"{key} is '{name}', which is not known here; {string.Join(" and ", families.Keys)} are.");

    // Options of one family alone are refused with another, and the message says with which they go.
    private static void Add(
        Dictionary<string, string?> settings,
        string section,
        (string Key, Option Option, string? Family)[] values,
        ParseResult parsed,
        Func<string, string?> belongsTo
    )
    {
        foreach (var (key, option, family) in values)
        {
            if (Given(option, parsed) is not { } value)
                continue;
            if (family is not null && belongsTo(family) is { } other)
                throw new ImgAlignException($"{option.Name} is for {other}.");
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

    private static void RequireModels(Dictionary<string, string?> settings, string section, string detector, RequiredModels required)
    {
        (string Key, string Option, RequiredModels Model)[] models =
        [
            ($"{section}:{nameof(SdxlOptions.ModelPath)}", "--model", RequiredModels.Backbone),
            ($"{detector}:{nameof(LlavaOptions.ModelPath)}", "--detector", RequiredModels.Detector),
            (AlignerPathKey, "--ckpts or --aligner", RequiredModels.Aligner),
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

    private static Option<string?> Text(string name, string description) => new(name) { Description = description };
}

/// <summary>The models that a command needs.</summary>
[Flags]
internal enum RequiredModels
{
    /// <summary>The diffusion model.</summary>
    Backbone = 1,

    /// <summary>The multimodal language model.</summary>
    Detector = 2,

    /// <summary>The aligner.</summary>
    Aligner = 4,

    /// <summary>Scorers, as many as are named.</summary>
    Scorers = 8,

    /// <summary>All of them.</summary>
    All = Backbone | Detector | Aligner | Scorers,
}

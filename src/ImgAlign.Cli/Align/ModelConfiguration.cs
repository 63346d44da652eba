using System.CommandLine;
using System.Globalization;
using ImgAlign.Checkpoints;
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

    private static readonly Option<string?> Aligner = Text("--aligner", "The Implicit Aligner: aligner_sdxl.pth or aligner_flux.pth.");

    private static readonly Option<string?> Backbone = Text("--backbone", "The diffusion model's family: sdxl or flux; sdxl unless the file says otherwise.").AcceptOnlyFromAmong("sdxl", "flux");

    private static readonly Option<string?> Detector = Text("--detector-family", "The multimodal language model's family: llava or qwen; llava unless the file says otherwise.").AcceptOnlyFromAmong("llava", "qwen");

    // The families' sections, and what the authors' folder holds of each.
    private static readonly Dictionary<string, (string Section, string Aligner, string[] Released)> Families = new(StringComparer.OrdinalIgnoreCase)
    {
        ["sdxl"] = ("Sdxl", "aligner_sdxl.pth", ["ImageEncoderPath", "ResamplerPath", "AdapterPath"]),
        ["flux"] = ("Flux", "aligner_flux.pth", ["ImageEncoderPath", "AdapterPath"]),
    };

    private static readonly Dictionary<string, string> DetectorSections = new(StringComparer.OrdinalIgnoreCase) { ["llava"] = "Llava", ["qwen"] = "Qwen" };

    // The names that the options have in the chosen family's section, and the family that they are of, if they are of one alone.
    private static readonly (string Key, Option<string?> Option, string? Family)[] BackboneValues =
    [
        ("ModelPath", Text("--model", "SDXL or FLUX: a folder as published, a folder of the hub's cache, or for SDXL a single file."), null),
        ("ConfigPath", Text("--model-config", "For a single file of SDXL: the folder that holds its tokenizers."), "sdxl"),
        ("UNetPath", Text("--unet", "Another UNet, such as that of SDXL-DPO: a folder or a file."), "sdxl"),
        ("TransformerPath", Text("--transformer", "Another transformer of FLUX: a folder, or a file such as flux1-dev.safetensors."), "flux"),
        ("VaePath", Text("--vae", "Another autoencoder (VAE), also for single files without one: a folder, or a file such as sdxl_vae.safetensors or ae.safetensors."), null),
        ("Storage", Text("--storage", "How UNet or transformer keep their linear layers' weights: None, Int8 or Float8."), null),
        ("TextEncoderStorage", Text("--text-encoder-storage", "How the text encoders keep their linear layers' weights: None, Int8 or Float8."), null),
        ("ImageEncoderStorage", Text("--image-encoder-storage", "How the image prompt's encoder keeps its linear layers' weights: None, Int8 or Float8."), null),
        ("StepCacheThreshold", Text("--step-cache", "FLUX: skip blocks in steps whose first block changes relatively less than this, such as 0.1."), "flux"),
        ("ImageEncoderPath", Text("--image-encoder", "The image prompt's encoder, ViT-H/14 for SDXL, ViT-L/14 for FLUX: a folder."), null),
        ("ResamplerPath", Text("--resampler", "The image prompt's projection for SDXL: resampler.pth."), "sdxl"),
        ("AdapterPath", Text("--ip-adapter", "The image prompt's keys and values: ip-adapter-plus_sdxl_vit-h.bin, or ip_adapter.safetensors for FLUX."), null),
    ];

    private static readonly (string Key, Option<string?> Option, string? Family)[] DetectorValues =
    [
        ("ModelPath", Text("--detector", "LLaVA-1.5 in either published layout, or Qwen2.5-VL: a folder."), null),
        ("VisionTowerPath", Text("--vision-tower", "LLaVA's vision tower, where the model's folder does not hold it: a folder."), "llava"),
        ("Template", Text("--template", "LLaVA's conversation template: llava_v0, llava_v1, vicuna_v1 or plain."), "llava"),
        ("Storage", Text("--detector-storage", "How the detector keeps its linear layers' weights: None, Int8 or Float8."), null),
        ("MaxPixels", Text("--max-pixels", "The most pixels of a picture that Qwen2.5-VL reads; larger ones are scaled down first."), "qwen"),
    ];

    // The names that the other options have.
    private static readonly (string Key, Option<string?> Option)[] Values =
    [
        ("Pipeline:Backbone", Backbone),
        ("Pipeline:Detector", Detector),
        ("Aligner:Path", Aligner),
        ("Aligner:HeadWidth", Text("--aligner-head-width", "Width of the aligner's attention heads, which its file does not tell; 64 in released ones.")),
    ];

    // Where and how models run, whichever they are.
    private static readonly (string Key, Option<string?> Option)[] RuntimeValues =
    [
        ("Device", Text("--device", "Where to compute: cpu, cuda or cuda:N.")),
        ("Precision", Text("--precision", "auto, float32, bfloat16 or float16.")),
        ("Residency", Text("--residency", "Which networks are in device memory at the same time: KeepAll, OffloadToHost, LoadOnDemand or StreamBlocks.")),
    ];

    private static readonly Option<FileInfo> File = new Option<FileInfo>("--config") { Description = "A JSON file with the section ImgAlign; its paths are relative to it." }.AcceptExistingOnly();

    private static readonly Option<string?> Released = Text("--ckpts", "The authors' folder: image_encoder/, the image prompt's files (SDXL: resampler.pth, ip-adapter-plus_sdxl_vit-h.bin; FLUX: ip_adapter.safetensors) and the aligner.");

    private static readonly Option<string[]> Loras = new("--lora") { Description = "A LoRA, as FILE or FILE:SCALE; may be given several times." };

    /// <summary>The command line's options.</summary>
    public static IEnumerable<Option> Options => [.. ModelOptions, .. RuntimeValues.Select(value => value.Option)];

    // Those that say which models run.
    private static IEnumerable<Option> ModelOptions => [File, Released, .. BackboneValues.Concat(DetectorValues).Select(value => value.Option), .. Values.Select(value => value.Option), Loras];

    /// <summary>As <see cref="Read"/>, or ShapeWorld, which comes with the tool, where the command line names no model at all.</summary>
    /// <param name="parsed">The command line.</param>
    /// <exception cref="ImgAlignException">Some models are named and others are not, or the file is broken.</exception>
    public static IConfigurationSection ReadOrShapeWorld(ParseResult parsed)
    {
        if (ModelOptions.Any(option => parsed.GetResult(option) is { Implicit: false })) return Read(parsed);
        var settings = new Dictionary<string, string?> { ["Pipeline:Backbone"] = ModelServices.ShapeWorld, ["Threads"] = "1" };  // its networks are too small for more
        AddGiven(settings, RuntimeValues, parsed);
        return ToSection(settings);
    }

    /// <summary>Puts file and command line together.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="required">The models that must be named; all of them unless it is said.</param>
    /// <exception cref="ImgAlignException">One of the models is not named, or the file is broken.</exception>
    public static IConfigurationSection Read(ParseResult parsed, RequiredModels required = RequiredModels.All)
    {
        var settings = ReadFile(parsed.GetValue(File), Section);
        var (section, aligner, released) = Find(Families, "Pipeline:Backbone", parsed.GetValue(Backbone) ?? settings.GetValueOrDefault("Pipeline:Backbone") ?? "sdxl");
        var detector = Find(DetectorSections, "Pipeline:Detector", parsed.GetValue(Detector) ?? settings.GetValueOrDefault("Pipeline:Detector") ?? "llava");
        if (parsed.GetValue(Released) is { } folder)
        {
            // The folder stands for all of its files, and for the released aligner's head width.
            Remove(settings, [.. released.Select(key => $"{section}:{key}"), "Aligner:HeadWidth"]);
            settings[$"{section}:ImagePromptPath"] = folder;
            settings["Aligner:Path"] = Path.Combine(ModelFolder.Resolve(folder), aligner);
        }
        if (parsed.GetValue(Aligner) is not null) Remove(settings, "Aligner:HeadWidth");
        AddGiven(settings, Values.Concat(RuntimeValues), parsed);
        Add(settings, section, BackboneValues, parsed, family => Families[family].Section == section ? null : $"--backbone {family}");
        Add(settings, detector, DetectorValues, parsed, family => DetectorSections[family] == detector ? null : $"--detector-family {family}");
        if (parsed.GetValue(Loras) is { Length: > 0 }) Remove(settings, [.. settings.Keys.Where(key => key.StartsWith($"{section}:Loras:", StringComparison.OrdinalIgnoreCase))]);
        foreach (var (index, lora) in (parsed.GetValue(Loras) ?? []).Index())
        {
            var (file, scale) = SplitScale(lora);
            settings[$"{section}:Loras:{index}:Path"] = file;
            settings[$"{section}:Loras:{index}:Scale"] = scale;
        }
        RequireModels(settings, section, detector, required);
        return ToSection(settings);
    }

    private static IConfigurationSection ToSection(Dictionary<string, string?> settings)
    {
        var values = settings.Select(pair => KeyValuePair.Create($"{Section}:{pair.Key}", pair.Value));
        return new ConfigurationBuilder().AddInMemoryCollection(values).Build().GetSection(Section);
    }

    private static void AddGiven(Dictionary<string, string?> settings, IEnumerable<(string Key, Option<string?> Option)> values, ParseResult parsed)
    {
        foreach (var (key, option) in values)
        {
            if (parsed.GetValue(option) is { } value) settings[key] = value;
        }
    }

    private static T Find<T>(Dictionary<string, T> families, string key, string name) => families.TryGetValue(name, out var family) ? family
        : throw new ImgAlignException($"{key} is '{name}', which is not known here; {string.Join(" and ", families.Keys)} are.");

    // Options of one family alone are refused with another, and the message says with which they go.
    private static void Add(Dictionary<string, string?> settings, string section, (string Key, Option<string?> Option, string? Family)[] values, ParseResult parsed, Func<string, string?> belongsTo)
    {
        foreach (var (key, option, family) in values)
        {
            if (parsed.GetValue(option) is not { } value) continue;
            if (family is not null && belongsTo(family) is { } other) throw new ImgAlignException($"{option.Name} is for {other}.");
            settings[$"{section}:{key}"] = value;
        }
    }

    /// <summary>Another section of the file that <c>--config</c> names; empty where none is named.</summary>
    /// <exception cref="ImgAlignException">The file is broken, or has no such section.</exception>
    public static IConfigurationSection ReadSection(ParseResult parsed, string section)
    {
        var values = ReadFile(parsed.GetValue(File), section).Select(pair => KeyValuePair.Create($"{section}:{pair.Key}", pair.Value));
        return new ConfigurationBuilder().AddInMemoryCollection(values).Build().GetSection(section);
    }

    // Paths in the file are relative to it, so that it can lie beside the checkpoints and be used from anywhere.
    private static Dictionary<string, string?> ReadFile(FileInfo? file, string name)
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        if (file is null) return settings;
        IConfigurationSection section;
        try
        {
            section = new ConfigurationBuilder().AddJsonFile(file.FullName).Build().GetSection(name);
        }
        catch (Exception exception) when (exception is InvalidDataException or FormatException)
        {
            throw new ImgAlignException($"{file.FullName}: {(exception.InnerException ?? exception).Message}", exception);
        }
        if (!section.Exists()) throw new ImgAlignException($"{file.FullName}: there is no section {name} in it.");
        foreach (var (key, value) in section.AsEnumerable(makePathsRelative: true))
        {
            if (value is not null) settings[key] = key.EndsWith("Path", StringComparison.OrdinalIgnoreCase) ? Path.GetFullPath(value, file.DirectoryName!) : value;
        }
        return settings;
    }

    // What the command line says replaces what the file says, together with what only made sense there.
    private static void Remove(Dictionary<string, string?> settings, params string[] keys)
    {
        foreach (var key in keys) settings.Remove(key);
    }

    private static void RequireModels(Dictionary<string, string?> settings, string section, string detector, RequiredModels required)
    {
        (string Key, string Option, RequiredModels Model)[] models =
        [
            ($"{section}:ModelPath", "--model", RequiredModels.Backbone), ($"{detector}:ModelPath", "--detector", RequiredModels.Detector), ("Aligner:Path", "--ckpts or --aligner", RequiredModels.Aligner),
        ];
        foreach (var (key, option, _) in models.Where(model => required.HasFlag(model.Model)))
        {
            if (string.IsNullOrEmpty(settings.GetValueOrDefault(key)))
                throw new ImgAlignException($"{key} is not set: give {option}, or --config with a file that holds it (docs/quick-start.md has one).");
        }
    }

    private static (string File, string Scale) SplitScale(string lora)
    {
        var colon = lora.LastIndexOf(':');
        return colon > 0 && double.TryParse(lora.AsSpan(colon + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out _) ? (lora[..colon], lora[(colon + 1)..]) : (lora, "1");
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

    /// <summary>All of them.</summary>
    All = Backbone | Detector | Aligner,
}

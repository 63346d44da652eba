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

    private static readonly Option<string?> Aligner = Text("--aligner", "The Implicit Aligner: aligner_sdxl.pth.");

    // The names that the options have in the section.
    private static readonly (string Key, Option<string?> Option)[] Values =
    [
        ("Sdxl:ModelPath", Text("--model", "SDXL: a folder as published, a folder of the hub's cache, or a single file.")),
        ("Sdxl:ConfigPath", Text("--model-config", "For a single file: the folder that holds its tokenizers.")),
        ("Sdxl:UNetPath", Text("--unet", "Another UNet, such as that of SDXL-DPO: a folder or a file.")),
        ("Sdxl:ImageEncoderPath", Text("--image-encoder", "The image prompt's encoder, ViT-H/14: a folder.")),
        ("Sdxl:ResamplerPath", Text("--resampler", "The image prompt's projection: resampler.pth.")),
        ("Sdxl:AdapterPath", Text("--ip-adapter", "The image prompt's keys and values: ip-adapter-plus_sdxl_vit-h.bin.")),
        ("Llava:ModelPath", Text("--detector", "LLaVA-1.5: a folder in either published layout.")),
        ("Llava:VisionTowerPath", Text("--vision-tower", "LLaVA's vision tower, where the model's folder does not hold it: a folder.")),
        ("Llava:Template", Text("--template", "LLaVA's conversation template: llava_v0, llava_v1 or vicuna_v1.")),
        ("Aligner:Path", Aligner),
        ("Aligner:HeadWidth", Text("--aligner-head-width", "Width of the aligner's attention heads, which its file does not tell; 64 in released ones.")),
        ("Device", Text("--device", "Where to compute: cpu, cuda or cuda:N.")),
        ("Precision", Text("--precision", "auto, float32, bfloat16 or float16.")),
        ("Residency", Text("--residency", "Which networks are in device memory at the same time: KeepAll, OffloadToHost or LoadOnDemand.")),
    ];

    private static readonly Option<FileInfo> File = new Option<FileInfo>("--config") { Description = "A JSON file with the section ImgAlign; its paths are relative to it." }.AcceptExistingOnly();

    private static readonly Option<string?> Released = Text("--ckpts", "The authors' folder: image_encoder/, resampler.pth, ip-adapter-plus_sdxl_vit-h.bin and aligner_sdxl.pth.");

    private static readonly Option<string[]> Loras = new("--lora") { Description = "A LoRA, as FILE or FILE:SCALE; may be given several times." };

    /// <summary>The command line's options.</summary>
    public static IEnumerable<Option> Options => [File, Released, .. Values.Select(value => value.Option), Loras];

    /// <summary>Puts file and command line together.</summary>
    /// <exception cref="ImgAlignException">One of the models is not named, or the file is broken.</exception>
    public static IConfigurationSection Read(ParseResult parsed)
    {
        var settings = ReadFile(parsed.GetValue(File));
        if (parsed.GetValue(Released) is { } folder)
        {
            // The folder stands for all of its files, and for the released aligner's head width.
            Remove(settings, "Sdxl:ImageEncoderPath", "Sdxl:ResamplerPath", "Sdxl:AdapterPath", "Aligner:HeadWidth");
            settings["Sdxl:ImagePromptPath"] = folder;
            settings["Aligner:Path"] = Path.Combine(ModelFolder.Resolve(folder), "aligner_sdxl.pth");
        }
        if (parsed.GetValue(Aligner) is not null) Remove(settings, "Aligner:HeadWidth");
        foreach (var (key, option) in Values)
        {
            if (parsed.GetValue(option) is { } value) settings[key] = value;
        }
        if (parsed.GetValue(Loras) is { Length: > 0 }) Remove(settings, [.. settings.Keys.Where(static key => key.StartsWith("Sdxl:Loras:", StringComparison.OrdinalIgnoreCase))]);
        foreach (var (index, lora) in (parsed.GetValue(Loras) ?? []).Index())
        {
            var (file, scale) = SplitScale(lora);
            settings[$"Sdxl:Loras:{index}:Path"] = file;
            settings[$"Sdxl:Loras:{index}:Scale"] = scale;
        }
        RequireModels(settings);
        var section = settings.Select(pair => KeyValuePair.Create($"{Section}:{pair.Key}", pair.Value));
        return new ConfigurationBuilder().AddInMemoryCollection(section).Build().GetSection(Section);
    }

    // Paths in the file are relative to it, so that it can lie beside the checkpoints and be used from anywhere.
    private static Dictionary<string, string?> ReadFile(FileInfo? file)
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        if (file is null) return settings;
        IConfigurationSection section;
        try
        {
            section = new ConfigurationBuilder().AddJsonFile(file.FullName).Build().GetSection(Section);
        }
        catch (Exception exception) when (exception is InvalidDataException or FormatException)
        {
            throw new ImgAlignException($"{file.FullName}: {(exception.InnerException ?? exception).Message}", exception);
        }
        if (!section.Exists()) throw new ImgAlignException($"{file.FullName}: there is no section {Section} in it.");
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

    private static void RequireModels(Dictionary<string, string?> settings)
    {
        foreach (var (key, option) in new[] { ("Sdxl:ModelPath", "--model"), ("Llava:ModelPath", "--detector"), ("Aligner:Path", "--ckpts or --aligner") })
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

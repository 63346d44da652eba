using System.Text.Json;
using System.Text.Json.Nodes;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Flux;
using ImgAlign.Networks.Vae;
using ImgAlign.Sampling;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Where the cases of family <c>flux</c> have their files: they name the whole model, in whose folder both layouts are.</summary>
internal static class FluxCases
{
    /// <summary>Whether the case is of the authors' code, and not of diffusers.</summary>
    public static bool IsXFlux(this GoldenCase golden) => golden.Options.GetProperty("semantics").GetString() == "x-flux";

    /// <summary>An option that is a number.</summary>
    /// <param name="golden">The case.</param>
    /// <param name="name">The option.</param>
    /// <param name="standard">Its value where it is absent.</param>
    public static double Number(this GoldenCase golden, string name, double standard) =>
        golden.Options.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : standard;

    /// <summary>The scheduler of a case: the model's own, with the entries that the case replaces.</summary>
    public static SchedulerConfig ReadScheduler(this GoldenCase golden)
    {
        if (golden.IsXFlux() || golden.CheckpointPath is not { } folder)
            return SchedulerConfig.FluxDev;
        var path = Path.Combine(Part(folder, "scheduler"), "scheduler_config.json");
        var fields = JsonObject.Create(ConfigFile.ReadJson(path))!;
        if (golden.Options.TryGetProperty("scheduler", out var own))
        {
            foreach (var field in own.EnumerateObject())
                fields[field.Name] = JsonNode.Parse(field.Value.GetRawText());
        }
        return SchedulerConfig.FromJson(JsonSerializer.SerializeToElement(fields), path);
    }

    /// <summary>The folder of a part within a model's folder, or the folder itself where it has no such part.</summary>
    public static string Part(string folder, string part) => Path.Combine(folder, part) is var inner && Path.Exists(inner) ? inner : folder;

    /// <summary>Whether the case's model has an image prompt.</summary>
    public static bool HasImagePrompt(this GoldenCase golden) => golden.Options.TryGetProperty("ip_scale", out _);

    /// <summary>The image prompt's folder, beside the model's.</summary>
    public static string ImagePromptFolder(this GoldenCase golden) =>
        golden.PathOption("ip_adapter") ?? Path.Combine(golden.CheckpointPath!, "..", "flux-ip-adapter");

    /// <summary>The transformer in the layout that the case names, or with its weights by rule; with the case's LoRA, if it has
    /// one.</summary>
    public static FluxTransformer LoadTransformer(this GoldenCase golden, torch.Device device)
    {
        using var opened = golden.RuleWeights() ?? Checkpoint.Open(LayoutPath(golden, "transformer", "flux1-dev.safetensors"));
        using var weights = FluxNames.Find(opened);
        var network = new FluxTransformer(golden.ReadConfig("transformer", "flux", FluxConfig.FromJson), torch.META);
        if (golden.PathOption("lora") is { } file)
        {
            using var lora = LoraWeights.Open(file);
            using var merged = FluxLora.Merge(weights, network, [(lora, golden.Options.GetProperty("scale").GetDouble())]);
            CheckpointBinder.Bind(network, merged, network.Names(weights), torch.float32, device);
            return network;
        }
        CheckpointBinder.Bind(
            network,
            weights,
            network.Names(weights).Ignoring(static name => name.Contains(".processor.", StringComparison.Ordinal)),
            torch.float32,
            device
        );
        return network;
    }

    /// <summary>One half of the autoencoder.</summary>
    public static AutoencoderKl LoadAutoencoder(this GoldenCase golden, AutoencoderParts part, torch.Device device)
    {
        using var weights = golden.RuleWeights() ?? Checkpoint.Open(LayoutPath(golden, "vae", "ae.safetensors"));
        var network = new AutoencoderKl(golden.ReadConfig("vae", "ae", AutoencoderKlConfig.FromJson), torch.META, part);
        CheckpointBinder.Bind(network, weights, network.Names(weights), torch.float32, device);
        return network;
    }

    // GGUF files have the authors' names.
    private static bool IsAuthors(GoldenCase golden) => golden.Options.GetProperty("layout").GetString() is "bfl" or "gguf";

    // A case may name one of several files.
    private static string LayoutPath(GoldenCase golden, string folder, string file) =>
        Part(
            golden.CheckpointPath!,
            golden.Options.TryGetProperty("file", out var named) ? named.GetString()!
                : IsAuthors(golden) ? file
                : folder
        );

    // The authors' files hold no configuration: the case does, or else the folder in diffusers' layout that is beside them.
    private static T ReadConfig<T>(this GoldenCase golden, string folder, string name, Func<JsonElement, string, T> read)
    {
        if (IsAuthors(golden) && golden.Config.TryGetProperty(name, out var own))
            return read(own, golden.Folder);
        var path = Path.Combine(Part(golden.CheckpointPath!, folder), "config.json");
        return read(ConfigFile.ReadJson(path), path);
    }
}

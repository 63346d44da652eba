using System.Text.Json;
using System.Text.Json.Nodes;

namespace ImgAlign.Sampling;

/// <summary>
/// The classes of diffusers that a <c>scheduler_config.json</c> may name: whose noise levels each has, and its defaults where they are its
/// own.
/// </summary>
public static class SchedulerClass
{
    public const string Euler = "EulerDiscreteScheduler";
    public const string FlowEuler = "FlowMatchEulerDiscreteScheduler";
    public const string FlowHeun = "FlowMatchHeunDiscreteScheduler";

    private const string LikeStableDiffusion = """ "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear" """;
    private const string Leading = """ "timestep_spacing": "leading", "clip_sample": true """;
    private const string OfFlow = """ "prediction_type": "flow_prediction" """;

    private static readonly Dictionary<string, (SamplerKind Kind, string Defaults)> Known = new()
    {
        [Euler] = (SamplerKind.Euler, ""),
        ["EulerAncestralDiscreteScheduler"] = (SamplerKind.EulerAncestral, ""),
        ["HeunDiscreteScheduler"] = (SamplerKind.Heun, """ "beta_start": 0.00085, "beta_end": 0.012 """),
        ["DPMSolverMultistepScheduler"] = (SamplerKind.DpmSolver, ""),
        ["DPMSolverSinglestepScheduler"] = (SamplerKind.DpmSolverSinglestep, """ "lower_order_final": false """),
        ["UniPCMultistepScheduler"] = (SamplerKind.UniPc, """ "solver_type": "bh2" """),
        ["DDIMScheduler"] = (SamplerKind.Ddim, Leading),
        ["DDPMScheduler"] = (SamplerKind.Ddpm, $"""{Leading}, "variance_type": "fixed_small" """),
        ["LCMScheduler"] = (SamplerKind.Lcm, LikeStableDiffusion),
        ["TCDScheduler"] = (SamplerKind.Tcd, LikeStableDiffusion),
        [FlowEuler] = (SamplerKind.Euler, OfFlow),
        [FlowHeun] = (SamplerKind.Heun, OfFlow),
    };

    /// <summary>The names of the classes.</summary>
    public static IEnumerable<string> Names => Known.Keys;

    /// <summary>Whose noise levels a class has, or null where it is not known.</summary>
    public static SamplerKind? KindOf(string name) => Known.TryGetValue(name, out var known) ? known.Kind : null;

    /// <summary>Whether a class has the noise levels of a flow alone.</summary>
    public static bool IsFlow(string name) => name.StartsWith("FlowMatch", StringComparison.Ordinal);

    /// <summary>A file's fields, and the defaults of its class where it has none.</summary>
    internal static JsonElement WithDefaults(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
            return json;
        var isNamed = json.TryGetProperty("_class_name", out var value) && value.ValueKind == JsonValueKind.String;
        var name = isNamed ? value.GetString()! : Euler;
        if (!Known.TryGetValue(name, out var known))
            return json;
        var fields = JsonObject.Create(json)!;
        foreach (var (key, standard) in JsonNode.Parse($"{{{known.Defaults}}}")!.AsObject())
            fields.TryAdd(key, standard!.DeepClone());
        // Keys that other classes know.
        if (known.Kind is SamplerKind.Heun or SamplerKind.DpmSolverSinglestep)
            fields.Remove("rescale_betas_zero_snr");
        if (name == FlowHeun)
            fields.Remove("use_dynamic_shifting");
        return JsonSerializer.SerializeToElement(fields);
    }
}

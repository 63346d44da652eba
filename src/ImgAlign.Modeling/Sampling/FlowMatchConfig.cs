using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;

namespace ImgAlign.Sampling;

/// <summary>
/// How the times of a flow are spaced: a published <c>scheduler_config.json</c>, with the defaults of diffusers'
/// <c>FlowMatchEulerDiscreteScheduler</c>.
/// </summary>
public sealed record FlowMatchConfig
{
    private const string Class = "FlowMatchEulerDiscreteScheduler";

    /// <summary>The class of diffusers that wrote the file; null where it does not say.</summary>
    [JsonInclude, JsonPropertyName("_class_name")]
    internal string? ClassName { get; init; }

    /// <summary>The unit of timesteps: this many make the whole flow.</summary>
    public int NumTrainTimesteps { get; init; } = 1000;

    /// <summary>The shift of all sizes, where it does not depend on the size.</summary>
    public double Shift { get; init; } = 1;

    /// <summary>Whether larger pictures have more of their steps at high noise.</summary>
    public bool UseDynamicShifting { get; init; }

    /// <summary>mu for <see cref="BaseImageSeqLen"/> image tokens.</summary>
    public double BaseShift { get; init; } = 0.5;

    /// <summary>mu for <see cref="MaxImageSeqLen"/> image tokens.</summary>
    public double MaxShift { get; init; } = 1.15;

    /// <summary>The image tokens that <see cref="BaseShift"/> is for.</summary>
    public int BaseImageSeqLen { get; init; } = 256;

    /// <summary>The image tokens that <see cref="MaxShift"/> is for.</summary>
    public int MaxImageSeqLen { get; init; } = 4096;

    /// <summary>What becomes of mu: <c>exponential</c> or <c>linear</c>.</summary>
    public string TimeShiftType { get; init; } = "exponential";

    /// <summary>Not supported.</summary>
    public double? ShiftTerminal { get; init; }

    /// <summary>Not supported.</summary>
    public bool InvertSigmas { get; init; }

    /// <summary>Not supported.</summary>
    public bool UseKarrasSigmas { get; init; }

    /// <summary>Not supported.</summary>
    public bool UseExponentialSigmas { get; init; }

    /// <summary>Not supported.</summary>
    public bool UseBetaSigmas { get; init; }

    /// <summary>Not supported.</summary>
    public bool StochasticSampling { get; init; }

    /// <summary>That of FLUX.1-schnell: times are not shifted.</summary>
    public static FlowMatchConfig FluxSchnell { get; } = new();

    /// <summary>That of FLUX.1-dev.</summary>
    public static FlowMatchConfig FluxDev { get; } = new() { Shift = 3, UseDynamicShifting = true };

    /// <summary>Reads a <c>scheduler_config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing, broken, or asks for what is not known here.</exception>
    public static FlowMatchConfig Read(string path) => FromJson(ConfigFile.ReadJson(path), path);

    /// <summary>Reads a configuration.</summary>
    /// <param name="json">The object with the fields.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="ImgAlignException">A field is broken or asks for what is not known here.</exception>
    public static FlowMatchConfig FromJson(JsonElement json, string source)
    {
        var config = ConfigFile.Parse<FlowMatchConfig>(json, source);
        if (config.ClassName is not (null or Class))
            throw new ImgAlignException($"{source}: _class_name '{config.ClassName}' is not supported; FLUX.1 has {Class}.");
        if (config.TimeShiftType is not ("exponential" or "linear"))
            throw new ImgAlignException($"{source}: time_shift_type '{config.TimeShiftType}' is not known here; exponential and linear are.");
        if (config.ShiftTerminal is not null || config.InvertSigmas || config.UseKarrasSigmas || config.UseExponentialSigmas || config.UseBetaSigmas || config.StochasticSampling)
            throw new ImgAlignException($"{source}: shift_terminal, invert_sigmas, use_karras_sigmas, use_exponential_sigmas, use_beta_sigmas and stochastic_sampling are not known here; leave them out.");
        if (config.NumTrainTimesteps < 1 || config.Shift <= 0 || config.MaxImageSeqLen == config.BaseImageSeqLen)
            throw new ImgAlignException($"{source}: num_train_timesteps and shift must be positive, and max_image_seq_len another number than base_image_seq_len.");
        return config;
    }
}

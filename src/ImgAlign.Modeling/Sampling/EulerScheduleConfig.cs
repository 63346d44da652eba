using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;

namespace ImgAlign.Sampling;

/// <summary>
/// The noise levels that a model was trained with, and how a sampler picks from them: a published <c>scheduler_config.json</c>, with the
/// defaults of diffusers' <c>EulerDiscreteScheduler</c>. Files written for other samplers have the same fields and are read too; which
/// sampler runs, the request says.
/// </summary>
public sealed record EulerScheduleConfig
{
    // Those whose noise levels follow from betas, as Euler's do.
    private static readonly string[] Classes =
    [
        "DDIMScheduler", "DDPMScheduler", "DEISMultistepScheduler", "DPMSolverMultistepScheduler", "DPMSolverSDEScheduler",
        "DPMSolverSinglestepScheduler", "EulerAncestralDiscreteScheduler", "EulerDiscreteScheduler", "HeunDiscreteScheduler",
        "KDPM2AncestralDiscreteScheduler", "KDPM2DiscreteScheduler", "LMSDiscreteScheduler", "PNDMScheduler", "UniPCMultistepScheduler",
    ];

    /// <summary>The class of diffusers that wrote the file; null where it does not say.</summary>
    [JsonInclude, JsonPropertyName("_class_name")]
    internal string? ClassName { get; init; }

    /// <summary>The number of noise levels in training.</summary>
    public int NumTrainTimesteps { get; init; } = 1000;

    /// <summary>The first beta.</summary>
    public double BetaStart { get; init; } = 0.0001;

    /// <summary>The last beta.</summary>
    public double BetaEnd { get; init; } = 0.02;

    /// <summary>How betas lie between them: <c>linear</c>, <c>scaled_linear</c> (their roots are linear), or apart from them <c>squaredcos_cap_v2</c> (Nichol and Dhariwal, 2021).</summary>
    public string BetaSchedule { get; init; } = "linear";

    /// <summary>Betas given one by one, which take the place of the three before; null for none.</summary>
    public IReadOnlyList<float>? TrainedBetas { get; init; }

    /// <summary>What the network predicts: <c>epsilon</c>, <c>v_prediction</c>, or <c>sample</c>.</summary>
    public string PredictionType { get; init; } = "epsilon";

    /// <summary>How noise levels between two timesteps are found; only <c>linear</c> is known.</summary>
    public string InterpolationType { get; init; } = "linear";

    /// <summary>Whether noise levels are spaced as by Karras et al. (2022), with rho = 7.</summary>
    public bool UseKarrasSigmas { get; init; }

    /// <summary>Whether noise levels are spaced evenly in their logarithm.</summary>
    public bool UseExponentialSigmas { get; init; }

    /// <summary>Whether noise levels are spaced by the quantiles of the beta distribution (Lee et al., 2024).</summary>
    public bool UseBetaSigmas { get; init; }

    /// <summary>Not supported: the noise levels of a flow.</summary>
    [JsonInclude]
    internal bool UseFlowSigmas { get; init; }

    /// <summary>Not supported: noise levels spaced as by Lu et al. (2022).</summary>
    [JsonInclude]
    internal bool UseLuLambdas { get; init; }

    /// <summary>The last noise level of these three spacings; null: as it would be without them.</summary>
    public double? SigmaMin { get; init; }

    /// <summary>The first noise level of these three spacings; null: as it would be without them.</summary>
    public double? SigmaMax { get; init; }

    /// <summary>Which timesteps are used: <c>leading</c>, <c>trailing</c> or <c>linspace</c>.</summary>
    public string TimestepSpacing { get; init; } = "linspace";

    /// <summary>What the network takes for a timestep: <c>discrete</c>, or with a predicted velocity <c>continuous</c>, a quarter of the noise level's logarithm.</summary>
    public string TimestepType { get; init; } = "discrete";

    /// <summary>What is added to the timesteps of <c>leading</c>.</summary>
    public int StepsOffset { get; init; }

    /// <summary>The noise level after the last step: <c>zero</c>, or <c>sigma_min</c>, the first one of training.</summary>
    public string FinalSigmasType { get; init; } = "zero";

    /// <summary>Whether betas are rescaled so that the last timestep is nothing but noise (Lin et al., 2023).</summary>
    public bool RescaleBetasZeroSnr { get; init; }

    /// <summary>Reads a <c>scheduler_config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing, broken, or asks for what is not known here.</exception>
    public static EulerScheduleConfig Read(string path) => FromJson(ConfigFile.ReadJson(path), path);

    /// <summary>Reads a configuration.</summary>
    /// <param name="json">The object with the fields.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="ImgAlignException">A field is broken or asks for what is not known here.</exception>
    public static EulerScheduleConfig FromJson(JsonElement json, string source)
    {
        var config = ConfigFile.Parse<EulerScheduleConfig>(json, source);
        if (config.ClassName is { } name && !Classes.Contains(name))
            throw new ImgAlignException($"{source}: _class_name '{name}' is not supported: {ReasonAgainst(name)}.");
        if (config.UseFlowSigmas) throw new ImgAlignException($"{source}: use_flow_sigmas is not supported: {IsForFlows}.");
        if (config.UseLuLambdas)
            throw new ImgAlignException(
                $"{source}: use_lu_lambdas is not supported; use_karras_sigmas, use_exponential_sigmas and use_beta_sigmas are.");
        Require(config.BetaSchedule, "beta_schedule", "linear", "scaled_linear", "squaredcos_cap_v2");
        Require(config.PredictionType, "prediction_type", "epsilon", "v_prediction", "sample", "original_sample");
        Require(config.InterpolationType, "interpolation_type", "linear");
        Require(config.TimestepSpacing, "timestep_spacing", "leading", "trailing", "linspace");
        Require(config.TimestepType, "timestep_type", "discrete", "continuous");
        Require(config.FinalSigmasType, "final_sigmas_type", "zero", "sigma_min");
        if (new[] { config.UseKarrasSigmas, config.UseExponentialSigmas, config.UseBetaSigmas }.Count(static isUsed => isUsed) > 1)
            throw new ImgAlignException($"{source}: only one of use_karras_sigmas, use_exponential_sigmas and use_beta_sigmas can be true.");
        if (config.SigmaMin is <= 0 || config.SigmaMax is <= 0)
            throw new ImgAlignException($"{source}: sigma_min and sigma_max must be positive.");
        if (config.NumTrainTimesteps < 2 || (config.TrainedBetas is { } betas && betas.Count != config.NumTrainTimesteps))
            throw new ImgAlignException($"{source}: num_train_timesteps must be at least 2, and trained_betas as many.");
        return config;

        void Require(string value, string field, params string[] known)
        {
            if (!known.Contains(value)) throw new ImgAlignException($"{source}: {field} '{value}' is not known here; {string.Join(", ", known)} {(known.Length == 1 ? "is" : "are")}.");
        }
    }

    private const string IsForFlows =
        "it is for models of flow matching, and SDXL's noise levels follow from betas; take the scheduler folder of the model itself";

    private static string ReasonAgainst(string className) => className switch
    {
        _ when className.StartsWith("EDM", StringComparison.Ordinal) =>
            "the model was trained with the noise levels of EDM, which do not follow from betas; take a model trained to predict noise or velocity",
        _ when className.StartsWith("FlowMatch", StringComparison.Ordinal) => IsForFlows,
        "LCMScheduler" or "TCDScheduler" =>
            "it samples distilled models, with new noise at every step; take a model that is not distilled, or the scheduler folder of SDXL base",
        _ => $"known are {string.Join(", ", Classes)}",
    };
}

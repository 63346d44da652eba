using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;

namespace ImgAlign.Sampling;

/// <summary>
/// The noise levels that a model was trained with, and which sampler goes through which of them: a published <c>scheduler_config.json</c>
/// of diffusers, whose names these are. A key that the file leaves out has the default of the file's class; keys that the class does not
/// know are ignored.
/// </summary>
public sealed record SchedulerConfig
{
    /// <summary>The class of diffusers that wrote the file.</summary>
    [JsonPropertyName("_class_name")]
    public string ClassName { get; init; } = SchedulerClass.Euler;

    /// <summary>The number of noise levels in training.</summary>
    public int NumTrainTimesteps { get; init; } = 1000;

    /// <summary>The first beta.</summary>
    public double BetaStart { get; init; } = 0.0001;

    /// <summary>The last beta.</summary>
    public double BetaEnd { get; init; } = 0.02;

    /// <summary>
    /// How betas lie between them: <c>linear</c>, <c>scaled_linear</c> (their roots are linear), or apart from them
    /// <c>squaredcos_cap_v2</c> (Nichol and Dhariwal, 2021).
    /// </summary>
    public string BetaSchedule { get; init; } = "linear";

    /// <summary>Betas given one by one, which take the place of the three before; null for none.</summary>
    public IReadOnlyList<float>? TrainedBetas { get; init; }

    /// <summary>Whether betas are rescaled so that the last timestep is nothing but noise (Lin et al., 2023).</summary>
    public bool RescaleBetasZeroSnr { get; init; }

    /// <summary>
    /// What the network predicts: <c>epsilon</c>, <c>v_prediction</c>, <c>sample</c>, or with the noise levels of a flow
    /// <c>flow_prediction</c>.
    /// </summary>
    public string PredictionType { get; init; } = "epsilon";

    /// <summary>Which timesteps are used: <c>leading</c>, <c>trailing</c> or <c>linspace</c>.</summary>
    public string TimestepSpacing { get; init; } = "linspace";

    /// <summary>What is added to the timesteps of <c>leading</c>.</summary>
    public int StepsOffset { get; init; }

    /// <summary>
    /// What the network takes for a timestep: <c>discrete</c>, or with a predicted velocity <c>continuous</c>, a quarter of the noise
    /// level's logarithm.
    /// </summary>
    public string TimestepType { get; init; } = "discrete";

    /// <summary>
    /// How noise levels between two timesteps are found: <c>linear</c>, or <c>log_linear</c>, evenly in their logarithm over all of
    /// training.
    /// </summary>
    public string InterpolationType { get; init; } = "linear";

    /// <summary>Whether noise levels are spaced as <see cref="NoiseLevelSpacing.Karras"/>.</summary>
    public bool UseKarrasSigmas { get; init; }

    /// <summary>Whether noise levels are spaced as <see cref="NoiseLevelSpacing.Exponential"/>.</summary>
    public bool UseExponentialSigmas { get; init; }

    /// <summary>Whether noise levels are spaced as <see cref="NoiseLevelSpacing.Beta"/>.</summary>
    public bool UseBetaSigmas { get; init; }

    /// <summary>Whether noise levels are spaced as <see cref="NoiseLevelSpacing.Lu"/>.</summary>
    public bool UseLuLambdas { get; init; }

    /// <summary>The last noise level of these spacings (Euler, UniPC); null: as it would be without them.</summary>
    public double? SigmaMin { get; init; }

    /// <summary>The first noise level of these spacings (Euler, UniPC); null: as it would be without them.</summary>
    public double? SigmaMax { get; init; }

    /// <summary>
    /// The noise level after the last step (Euler, DPM-Solver, UniPC): <c>zero</c>, or <c>sigma_min</c>, the first one of training.
    /// </summary>
    public string FinalSigmasType { get; init; } = "zero";

    /// <summary>Whether the noise levels are those of a flow (DPM-Solver, UniPC).</summary>
    public bool UseFlowSigmas { get; init; }

    /// <summary>The shift of a flow's times (DPM-Solver, UniPC).</summary>
    public double FlowShift { get; init; } = 1;

    /// <summary>The shift of a flow's times, where it does not depend on the size (the classes <c>FlowMatch…</c>).</summary>
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

    /// <summary>The time that the last step is to begin at; null: where the shift puts it.</summary>
    public double? ShiftTerminal { get; init; }

    /// <summary>Euler on a flow: whether all noise is renewed in each step.</summary>
    public bool StochasticSampling { get; init; }

    /// <summary>Not supported.</summary>
    public bool InvertSigmas { get; init; }

    /// <summary>DPM-Solver: <c>dpmsolver++</c>, <c>dpmsolver</c>, and either with <c>sde-</c> before it.</summary>
    public string AlgorithmType { get; init; } = "dpmsolver++";

    /// <summary>DPM-Solver, UniPC: the order.</summary>
    public int SolverOrder { get; init; } = 2;

    /// <summary>DPM-Solver: <c>midpoint</c> or <c>heun</c>; UniPC: <c>bh1</c> or <c>bh2</c>.</summary>
    public string SolverType { get; init; } = "midpoint";

    /// <summary>DPM-Solver, UniPC: whether the last steps have lower orders.</summary>
    public bool LowerOrderFinal { get; init; } = true;

    /// <summary>DPM-Solver: whether the last step has the first order.</summary>
    public bool EulerAtFinal { get; init; }

    /// <summary>DPM-Solver: timesteps whose logarithm of signal to noise is lower are left out.</summary>
    [JsonNumberHandling(JsonNumberHandling.AllowNamedFloatingPointLiterals)]
    public double LambdaMinClipped { get; init; } = double.NegativeInfinity;

    /// <summary>UniPC: whether it computes with data; otherwise with noise.</summary>
    public bool PredictX0 { get; init; } = true;

    /// <summary>UniPC: the steps, from 0, that are not corrected.</summary>
    public IReadOnlyList<int> DisableCorrector { get; init; } = [];

    /// <summary>Not supported.</summary>
    public JsonElement? SolverP { get; init; }

    /// <summary>DDPM: <c>fixed_small</c> or <c>fixed_large</c>.</summary>
    public string? VarianceType { get; init; }

    /// <summary>Not supported.</summary>
    public bool Thresholding { get; init; }

    /// <summary>DDIM, DDPM, LCM: whether expected data is clipped.</summary>
    public bool ClipSample { get; init; }

    /// <summary>The bound that it is clipped to.</summary>
    public double ClipSampleRange { get; init; } = 1;

    /// <summary>DDIM: whether the last step ends without noise; otherwise at the first timestep.</summary>
    public bool SetAlphaToOne { get; init; } = true;

    /// <summary>LCM, TCD: the number of timesteps of the distillation.</summary>
    public int OriginalInferenceSteps { get; init; } = 50;

    /// <summary>LCM: what timesteps are multiplied by for the weights of data and sample.</summary>
    public double TimestepScaling { get; init; } = 10;

    /// <summary>That of FLUX.1-schnell: times are not shifted.</summary>
    public static SchedulerConfig FluxSchnell { get; } = new() { ClassName = SchedulerClass.FlowEuler };

    /// <summary>That of FLUX.1-dev.</summary>
    public static SchedulerConfig FluxDev { get; } =
        new()
        {
            ClassName = SchedulerClass.FlowEuler,
            Shift = 3,
            UseDynamicShifting = true,
        };

    /// <summary>The sampler that the class stands for; null where it is not known, though the noise levels may be.</summary>
    [JsonIgnore]
    public SamplerKind? Kind => SchedulerClass.KindOf(ClassName);

    /// <summary>Whether the noise levels are those of a flow, and do not follow from betas.</summary>
    [JsonIgnore]
    public bool IsFlow => SchedulerClass.IsFlow(ClassName) || UseFlowSigmas;

    /// <summary>How noise levels are spaced.</summary>
    [JsonIgnore]
    public NoiseLevelSpacing Spacing =>
        UseKarrasSigmas ? NoiseLevelSpacing.Karras
        : UseExponentialSigmas ? NoiseLevelSpacing.Exponential
        : UseBetaSigmas ? NoiseLevelSpacing.Beta
        : UseLuLambdas ? NoiseLevelSpacing.Lu
        : NoiseLevelSpacing.Timesteps;

    /// <summary>Reads a <c>scheduler_config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing, broken, or asks for what is not known here.</exception>
    public static SchedulerConfig Read(string path) => FromJson(ConfigFile.ReadJson(path), path);

    /// <summary>Reads a configuration.</summary>
    /// <param name="json">The object with the fields.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="ImgAlignException">A field is broken or asks for what is not known here.</exception>
    public static SchedulerConfig FromJson(JsonElement json, string source)
    {
        var config = ConfigFile.Parse<SchedulerConfig>(SchedulerClass.WithDefaults(json), source);
        new SchedulerRules(config, source).Check();
        return config;
    }
}

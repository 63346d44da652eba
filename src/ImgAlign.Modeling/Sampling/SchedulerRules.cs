using System.Text.Json;

namespace ImgAlign.Sampling;

/// <summary>What a <c>scheduler_config.json</c> may say. What its class does not read is not looked at.</summary>
/// <param name="config">The file.</param>
/// <param name="source">Where it is, for messages.</param>
internal sealed class SchedulerRules(SchedulerConfig config, string source)
{
    private bool IsDpmSolver => config.Kind is SamplerKind.DpmSolver or SamplerKind.DpmSolverSinglestep;

    /// <summary>Checks the file.</summary>
    /// <exception cref="ImgAlignException">It asks for what is not known here; the message names it.</exception>
    public void Check()
    {
        if (config.ClassName.StartsWith("EDM", StringComparison.Ordinal) || config.ClassName == "CosineDPMSolverMultistepScheduler")
        {
            throw Error(
                $"_class_name '{config.ClassName}' is not supported: the model was trained with the noise levels of EDM, "
                    + "which do not follow from betas; take a model trained to predict noise or velocity"
            );
        }
        CheckTraining();
        CheckLevels();
        if (IsDpmSolver)
            CheckDpmSolver();
        if (config.Kind == SamplerKind.UniPc)
            CheckUniPc();
        if (config.Kind == SamplerKind.Ddpm)
            Require(config.VarianceType ?? "", "variance_type", "fixed_small", "fixed_large");
        if (config.Thresholding && (IsDpmSolver || config.Kind >= SamplerKind.UniPc))
            throw Error("thresholding is not supported: it is for models of pixels; set it to false");
    }

    private void CheckTraining()
    {
        Require(config.BetaSchedule, "beta_schedule", "linear", "scaled_linear", "squaredcos_cap_v2");
        Require(config.PredictionType, "prediction_type", config.IsFlow ? ["flow_prediction"] : ["epsilon", "v_prediction", "sample"]);
        if (config.NumTrainTimesteps < 2 || (config.TrainedBetas is { } betas && betas.Count != config.NumTrainTimesteps))
            throw Error("num_train_timesteps must be at least 2, and trained_betas as many");
        if (config.OriginalInferenceSteps < 1 || config.OriginalInferenceSteps > config.NumTrainTimesteps)
            throw Error("original_inference_steps must be from 1 to num_train_timesteps");
    }

    private void CheckLevels()
    {
        Require(config.TimestepSpacing, "timestep_spacing", "leading", "trailing", "linspace");
        Require(config.TimestepType, "timestep_type", "discrete", "continuous");
        Require(config.InterpolationType, "interpolation_type", "linear", "log_linear");
        Require(config.FinalSigmasType, "final_sigmas_type", "zero", "sigma_min");
        Require(config.TimeShiftType, "time_shift_type", "exponential", "linear");
        bool[] spacings = [config.UseKarrasSigmas, config.UseExponentialSigmas, config.UseBetaSigmas, config.UseLuLambdas];
        if (spacings.Count(static isUsed => isUsed) > 1)
            throw Error("only one of use_karras_sigmas, use_exponential_sigmas, use_beta_sigmas and use_lu_lambdas can be true");
        if (config.UseFlowSigmas && config.Spacing != NoiseLevelSpacing.Timesteps)
            throw Error("use_flow_sigmas and another spacing of noise levels exclude each other; set one of them to false");
        if (config.UseFlowSigmas && config.ShiftTerminal is not null)
            throw Error("shift_terminal is not supported with use_flow_sigmas; leave it out");
        if (config.InvertSigmas)
            throw Error("invert_sigmas is not supported; set it to false");
        if (config.SigmaMin is <= 0 || config.SigmaMax is <= 0)
            throw Error("sigma_min and sigma_max must be positive");
        if (config.Shift <= 0 || config.FlowShift <= 0 || config.MaxImageSeqLen == config.BaseImageSeqLen)
            throw Error("shift and flow_shift must be positive, and max_image_seq_len another number than base_image_seq_len");
    }

    private void CheckDpmSolver()
    {
        Require(config.AlgorithmType, "algorithm_type", "dpmsolver++", "dpmsolver", "sde-dpmsolver++", "sde-dpmsolver");
        Require(config.SolverType, "solver_type", "midpoint", "heun");
        if (config.SolverOrder is < 1 or > 3)
            throw Error($"solver_order is {config.SolverOrder}; 1 to 3 are known here");
        if (config is { AlgorithmType: "sde-dpmsolver", SolverOrder: 3 })
            throw Error("algorithm_type 'sde-dpmsolver' has no solver_order 3; use 1 or 2");
        if (!config.AlgorithmType.EndsWith("++", StringComparison.Ordinal) && config.FinalSigmasType == "zero")
            throw Error($"algorithm_type '{config.AlgorithmType}' cannot end at noise level 0; set final_sigmas_type to sigma_min");
        if (config.VarianceType is not null)
            throw Error($"variance_type '{config.VarianceType}' is not supported: the network would have to predict it; leave it out");
    }

    private void CheckUniPc()
    {
        Require(config.SolverType, "solver_type", "bh1", "bh2");
        if (config.SolverOrder < 1)
            throw Error($"solver_order is {config.SolverOrder}; use 1 or more");
        if (config.SolverP is { ValueKind: not JsonValueKind.Null })
            throw Error("solver_p is not supported; leave it out");
    }

    private void Require(string value, string field, params string[] known)
    {
        if (known.Contains(value))
            return;
        throw Error($"{field} '{value}' is not known here; {string.Join(", ", known)} {(known.Length == 1 ? "is" : "are")}");
    }

    private ImgAlignException Error(string what) => new($"{source}: {what}.");
}

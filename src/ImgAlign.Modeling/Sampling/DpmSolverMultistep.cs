using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>
/// DPM-Solver of the orders 1 to 3 that extrapolates from the steps before (diffusers <c>DPMSolverMultistepScheduler</c>).
/// </summary>
/// <param name="order">The order, 1 to 3; a run begins with the first.</param>
/// <param name="update">The form of its updates.</param>
public sealed class DpmSolverMultistep(int order, DpmUpdate update) : ISampler
{
    /// <summary>From this number of steps on the last ones have the full order.</summary>
    private const int ManySteps = 15;

    public string Name { get; } = DpmSolverNames.Of(order, 'm', update);

    public SamplerKind Kind => SamplerKind.DpmSolver;

    /// <summary>Whether runs of few steps end with lower orders.</summary>
    public bool LowersFinalOrder { get; init; } = true;

    /// <summary>Whether every run ends with the first order.</summary>
    public bool EndsWithEuler { get; init; }

    public int CountEvaluations(int steps) => steps;

    public Tensor Sample(Tensor x, NoiseSchedule schedule, DataEstimate estimate, INoiseSource noise)
    {
        using var history = new SolverHistory(order);
        return StepLoop.Run(
            x,
            schedule,
            (sample, step) =>
            {
                var (from, to) = (schedule.Levels[step], schedule.Ends[step]);
                history.Add(update.Answer(estimate(sample, step, from), sample, from), from);
                var z = update.IsStochastic ? noise.Draw(sample.shape) : null;
                var current = OrderOf(step, schedule, history.Count);
                return update.Step(sample, from, to, current, Differences(history, current, to), z);
            }
        );
    }

    private int OrderOf(int step, NoiseSchedule schedule, int known)
    {
        var left = schedule.Steps - step;
        var lowers = LowersFinalOrder && schedule.Steps < ManySteps;
        if (left == 1 && (lowers || EndsWithEuler || schedule.Ends[^1].Noise == 0))
            return 1;
        return Math.Min(known, left == 2 && lowers ? Math.Min(order, 2) : order);
    }

    // Between the last answers, per step of this one's length.
    private static List<Tensor> Differences(SolverHistory history, int order, NoiseLevel to)
    {
        var (answer, from) = history[0];
        if (order == 1)
            return [answer];
        var h = to.LogSnr - from.LogSnr;
        var r0 = (from.LogSnr - history[1].Level.LogSnr) / h;
        var before = (answer - history[1].Value).DividedByInPlace(r0);
        if (order == 2)
            return [answer, before];
        var r1 = (history[1].Level.LogSnr - history[2].Level.LogSnr) / h;
        var change = before - (history[1].Value - history[2].Value).DividedByInPlace(r1);
        return [answer, before.Plus(change.Times(r0 / (r0 + r1))), change.DividedByInPlace(r0 + r1)];
    }
}

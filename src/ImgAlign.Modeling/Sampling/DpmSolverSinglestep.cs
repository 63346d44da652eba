using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>
/// DPM-Solver of the orders 1 to 3 in groups of as many steps, each of which starts again from the sample at the group's beginning, with
/// one answer more (diffusers <c>DPMSolverSinglestepScheduler</c>).
/// </summary>
/// <param name="order">The order, 1 to 3, and the number of steps in a group.</param>
/// <param name="update">The form of its updates.</param>
public sealed class DpmSolverSinglestep(int order, DpmUpdate update) : ISampler
{
    public string Name { get; } = DpmSolverNames.Of(order, 's', update);

    public SamplerKind Kind => SamplerKind.DpmSolverSinglestep;

    /// <summary>Whether a last group that is whole ends with the first order.</summary>
    public bool LowersFinalOrder { get; init; }

    public int CountEvaluations(int steps) => steps;

    public Tensor Sample(Tensor x, NoiseSchedule schedule, DataEstimate estimate, INoiseSource noise)
    {
        using var history = new SolverHistory(order);
        using var start = new SolverHistory(1); // the sample at the group's beginning
        return StepLoop.Run(
            x,
            schedule,
            (sample, step) =>
            {
                var (from, to) = (schedule.Levels[step], schedule.Ends[step]);
                history.Add(update.Answer(estimate(sample, step, from), sample, from), from);
                var known = Math.Min(OrderOf(step, schedule), history.Count);
                if (known == 1)
                    start.Add(sample.alias(), from);
                var (first, beginning) = start[0];
                var z = update.IsStochastic ? noise.Draw(sample.shape) : null;
                return update.Step(first, beginning, to, known, Differences(history, known, to), z);
            }
        );
    }

    private int OrderOf(int step, NoiseSchedule schedule)
    {
        var isLast = step + 1 == schedule.Steps;
        return isLast && (schedule.Ends[^1].Noise == 0 || (LowersFinalOrder && schedule.Steps % order == 0)) ? 1 : step % order + 1;
    }

    // Between the group's answers and its first one, per step of the whole group's length.
    private List<Tensor> Differences(SolverHistory history, int known, NoiseLevel to)
    {
        var (answer, from) = history[known - 1];
        if (known == 1)
            return [answer];
        var (r1, first) = Difference(known - 2);
        if (known == 2)
            return [answer, first];
        var (r2, second) = Difference(0);
        return update.IsExact
            ? [answer, (first.Times(r2) - second.Times(r1)).DividedByInPlace(r2 - r1), (second - first).TimesInPlace(2 / (r2 - r1))]
            : [answer, second];

        (double Length, Tensor Slope) Difference(int back)
        {
            var length = (history[back].Level.LogSnr - from.LogSnr) / (to.LogSnr - from.LogSnr);
            return (length, (history[back].Value - answer).DividedByInPlace(length));
        }
    }
}

using MathNet.Numerics.LinearAlgebra;
using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>
/// UniPC (Zhao et al., 2023; diffusers <c>UniPCMultistepScheduler</c>): a multistep predictor, and with the network's answer at its result
/// a corrector of the same step, which costs no evaluation. In the logarithm of signal to noise; a step of length h.
/// </summary>
/// <param name="order">The order, 1 or more; a run begins with the first.</param>
public sealed class UniPcSampler(int order) : ISampler
{
    public string Name => order == 2 ? "unipc" : $"unipc-{order}";

    public SamplerKind Kind => SamplerKind.UniPc;

    /// <summary>Whether answers are turned into noise; otherwise into data.</summary>
    public bool PredictsNoise { get; init; }

    /// <summary>B(h) is h (<c>bh1</c>); otherwise <c>e^h - 1</c> (<c>bh2</c>).</summary>
    public bool IsLinear { get; init; }

    /// <summary>Whether the last steps have the orders that are left.</summary>
    public bool LowersFinalOrder { get; init; } = true;

    /// <summary>The steps, from 0, that are not corrected.</summary>
    public IReadOnlyList<int> Uncorrected { get; init; } = [];

    public int CountEvaluations(int steps) => steps;

    public Tensor Sample(Tensor x, NoiseSchedule schedule, DataEstimate estimate, INoiseSource noise)
    {
        var form = new DpmUpdate { PredictsNoise = PredictsNoise };
        using var answers = new SolverHistory(order + 1);
        using var corrected = new SolverHistory(1);
        var lastOrder = 0;
        return StepLoop.Run(
            x,
            schedule,
            (sample, step) =>
            {
                var (from, to) = (schedule.Levels[step], schedule.Ends[step]);
                answers.Add(form.Answer(estimate(sample, step, from), sample, from), from);
                if (step > schedule.First && !Uncorrected.Contains(step - 1))
                    sample = Update(corrected[0].Value, answers, back: 1, from, lastOrder, corrects: true);
                var left = LowersFinalOrder ? schedule.Steps - step : order;
                lastOrder = Math.Min(Math.Min(order, left), step - schedule.First + 1);
                corrected.Add(sample.alias(), from);
                return Update(sample, answers, back: 0, to, lastOrder, corrects: false);
            }
        );
    }

    // From the level of an answer to another; the corrector has the answer at that level, too.
    private Tensor Update(Tensor x, SolverHistory answers, int back, NoiseLevel to, int current, bool corrects)
    {
        var (answer, from) = answers[back];
        var h = to.LogSnr - from.LogSnr;
        var g = PredictsNoise ? h : -h;
        var growth = double.ExpM1(g);
        var weight = PredictsNoise ? to.Noise : to.Signal;
        var kept = PredictsNoise ? to.Signal / from.Signal : to.Noise / from.Noise;
        var next = x.Times(kept).PlusInPlace(answer, -weight * growth);

        var bound = IsLinear ? g : growth;
        List<double> places = [.. Enumerable.Range(1, current - 1).Select(k => (answers[back + k].Level.LogSnr - from.LogSnr) / h)];
        var shares = Shares([.. places, .. corrects ? [1.0] : Array.Empty<double>()], g, bound);
        foreach (var (k, place) in places.Index())
        {
            var share = weight * bound * shares[k] / place;
            next.PlusInPlace(answers[back + k + 1].Value, -share).PlusInPlace(answer, share);
        }
        if (!corrects)
            return next;
        var last = weight * bound * shares[^1];
        return next.PlusInPlace(answers[0].Value, -last).PlusInPlace(answer, last);
    }

    // The weights of the differences at these places: those with which polynomials up to their number are integrated exactly. A single one
    // is a half.
    private static double[] Shares(double[] places, double g, double bound)
    {
        if (places.Length == 0)
            return [];
        if (places.Length == 1)
            return [0.5];
        var (rows, right) = (new double[places.Length][], new double[places.Length]);
        var (phi, factorial) = (double.ExpM1(g) / g - 1, 1.0);
        for (var k = 1; k <= places.Length; k++)
        {
            factorial *= k;
            rows[k - 1] = [.. places.Select(place => Math.Pow(place, k - 1))];
            right[k - 1] = phi * factorial / bound;
            phi = phi / g - 1 / (factorial * (k + 1));
        }
        return [.. Matrix<double>.Build.DenseOfRowArrays(rows).Solve(Vector<double>.Build.Dense(right))];
    }
}

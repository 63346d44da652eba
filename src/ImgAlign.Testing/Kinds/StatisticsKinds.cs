using ImgAlign.Evaluation;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Statistics of scores.</summary>
internal static class StatisticsKinds
{
    public static void Add(GoldenRunner runner) => runner.Add("win-rate", static (golden, _) => WinRate(golden));

    private static Dictionary<string, torch.Tensor> WinRate(GoldenCase golden)
    {
        var resamples = golden.Inputs["resamples"];
        var comparison = new PairedComparison(
            Scores("a"),
            Scores("b"),
            Enumerable
                .Range(0, (int)resamples.shape[0])
                .Select(row => Array.ConvertAll(resamples[row].data<long>().ToArray(), Convert.ToInt32)),
            golden.Options.GetProperty("level").GetDouble()
        );
        return new()
        {
            ["counts"] = torch.tensor(new long[] { comparison.Wins, comparison.Losses, comparison.Ties }),
            ["win_rate"] = torch.tensor(comparison.WinRate, torch.float64),
            ["win_rate_half_ties"] = torch.tensor(comparison.WinRateHalfTies, torch.float64),
            ["win_rate_without_ties"] = torch.tensor(comparison.WinRateWithoutTies, torch.float64),
            ["p_value"] = torch.tensor(comparison.PValue, torch.float64),
            ["win_rate_half_ties_interval"] = Interval(comparison.WinRateHalfTiesInterval),
            ["mean_difference"] = torch.tensor(comparison.MeanDifference, torch.float64),
            ["mean_difference_interval"] = Interval(comparison.MeanDifferenceInterval),
        };

        double[] Scores(string name) => golden.Inputs[name].to(torch.float64).data<double>().ToArray();

        static torch.Tensor Interval((double Low, double High) interval) => torch.tensor(new[] { interval.Low, interval.High });
    }
}

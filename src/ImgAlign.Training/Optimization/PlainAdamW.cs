using static TorchSharp.torch;

namespace ImgAlign.Training.Optimization;

/// <summary>
/// AdamW operator by operator, for a libtorch that lacks what <see cref="FusedAdamW"/> needs: the same formula, slower, and other in its
/// last digits.
/// </summary>
internal static class PlainAdamW
{
    /// <inheritdoc cref="FusedAdamW.Step"/>
    public static void Step(
        IReadOnlyList<Tensor> parameters,
        IReadOnlyList<Tensor> gradients,
        IReadOnlyList<Tensor> averages,
        IReadOnlyList<Tensor> squares,
        long step,
        double learningRate,
        AdamWOptions options
    )
    {
        using var noGrad = no_grad();
        var averageCorrection = 1 - Math.Pow(options.Beta1, step);
        var squareCorrection = Math.Sqrt(1 - Math.Pow(options.Beta2, step));
        for (var i = 0; i < parameters.Count; i++)
        {
            using var scope = NewDisposeScope();
            averages[i].TimesInPlace(options.Beta1).PlusInPlace(gradients[i], 1 - options.Beta1);
            squares[i].TimesInPlace(options.Beta2).PlusInPlace(gradients[i].Squared(), 1 - options.Beta2);
            var divisor = squares[i].sqrt().DividedByInPlace(squareCorrection).PlusInPlace(options.Epsilon);
            parameters[i].TimesInPlace(1 - learningRate * options.WeightDecay);
            parameters[i].PlusInPlace(averages[i].div(divisor), -learningRate / averageCorrection);
        }
    }
}

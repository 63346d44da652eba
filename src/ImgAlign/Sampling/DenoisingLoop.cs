using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>Euler steps from noise to a sample: <c>x += (next sigma - sigma) dx/dsigma</c>, in float32.</summary>
public static class DenoisingLoop
{
    /// <summary>Runs all steps of a schedule.</summary>
    /// <param name="schedule">The noise levels.</param>
    /// <param name="noise">Unit normal noise <c>[B, C, h, w]</c>; borrowed.</param>
    /// <param name="derivative">dx/dsigma of a sample at a step; its result is disposed here.</param>
    /// <param name="afterStep">Told each step with the estimate of the final sample, <c>x - sigma dx/dsigma</c>, which it borrows.</param>
    /// <param name="cancellationToken">Seen between steps.</param>
    /// <returns>The sample <c>[B, C, h, w]</c>; the caller's.</returns>
    public static Tensor Run(SigmaSchedule schedule, Tensor noise, Func<Tensor, SigmaStep, Tensor> derivative, Action<SigmaStep, Tensor>? afterStep = null, CancellationToken cancellationToken = default)
    {
        using var scope = NewDisposeScope();
        var x = noise.to(float32).Times(schedule.InitialScale);
        foreach (var step in schedule.Steps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var stepScope = NewDisposeScope();
            var slope = derivative(x, step);
            afterStep?.Invoke(step, x - slope.Times(step.Sigma));
            var next = x.Plus(slope.Times(step.NextSigma - step.Sigma));
            x.Dispose();
            x = next.MoveToOuterDisposeScope();
        }
        return x.MoveToOuterDisposeScope();
    }
}

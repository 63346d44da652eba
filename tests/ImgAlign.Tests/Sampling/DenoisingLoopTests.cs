using ImgAlign.Sampling;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Sampling;

public class DenoisingLoopTests
{
    private static readonly SigmaSchedule Schedule = new([new(0, 4, 2, 4), new(1, 2, 1, 2), new(2, 1, 0, 1)], InitialScale: 4);

    [Fact]
    public void A_constant_slope_is_followed_to_the_end()
    {
        using var noise = ones(1, 2, 2, 2);
        var before = LiveTensors.Count();
        var estimates = new List<float>();
        using (var sample = DenoisingLoop.Run(Schedule, noise, (x, _) => full_like(x, 0.5), (_, estimate) => estimates.Add(estimate.mean().item<float>())))
            Assert.Equal(2, sample.mean().item<float>());
        Assert.Equal([2, 2, 2], estimates);
        Assert.InRange(LiveTensors.Count() - before, 0, 4);
    }

    [Fact]
    public void Cancelling_is_seen_before_the_next_step_and_leaves_nothing_behind()
    {
        using var noise = ones(1, 2, 2, 2);
        using var cancellation = new CancellationTokenSource();
        var steps = 0;
        var before = LiveTensors.Count();
        Assert.Throws<OperationCanceledException>(() => DenoisingLoop.Run(Schedule, noise, (x, _) => zeros_like(x), (_, _) => { steps++; cancellation.Cancel(); }, cancellation.Token));
        Assert.Equal(1, steps);
        Assert.Throws<InvalidOperationException>(() => DenoisingLoop.Run(Schedule, noise, (x, step) => step.Index == 1 ? throw new InvalidOperationException() : zeros_like(x)));
        Assert.Equal(before, LiveTensors.Count());
    }
}

using ImgAlign.Checkpoints;
using ImgAlign.Training.Optimization;
using ImgAlign.Training.Parallel;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Training.Parallel;

/// <summary>When gradients are on their way.</summary>
public sealed class GradientReductionTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly DisposeScope scope = NewDisposeScope();

    // Each of them fills a bucket.
    private readonly Parameter early = ModuleParameters.AsParameter(ones(7_000_000));
    private readonly Parameter late = ModuleParameters.AsParameter(ones(7_000_000));

    [Fact]
    public void A_bucket_travels_while_the_backward_pass_goes_on()
    {
        using var parameters = Parameters();
        using var group = new Recorder();
        var sentBefore = -1;
        using var reduction = new GradientReduction(parameters.Buckets, group, isSharded: false, inBFloat16: false, addsOnce: true);
        // The pass goes from the sum to "late", waits, and goes on to "early".
        var held = Hold.apply([early.Times(2), (Action)(() => sentBefore = group.WaitForOne() ? group.Count : -1)]);
        (held * late).sum().backward();
        Assert.Equal(1, sentBefore);
        reduction.Finish();
        Assert.Equal(2, group.Count);
    }

    [Fact]
    public void A_pass_that_adds_more_than_once_is_waited_for()
    {
        using var parameters = Parameters();
        using var group = new Recorder();
        using var reduction = new GradientReduction(parameters.Buckets, group, isSharded: false, inBFloat16: false, addsOnce: false);
        late.sum().backward();
        early.sum().backward();
        Assert.Equal(0, group.Count);
        reduction.Finish();
        Assert.Equal(2, group.Count);
    }

    [Fact]
    public void A_gradient_that_changes_after_it_was_sent_is_no_silent_fault()
    {
        using var parameters = Parameters();
        using var group = new Recorder();
        using var reduction = new GradientReduction(parameters.Buckets, group, isSharded: false, inBFloat16: false, addsOnce: true);
        late.sum().backward();
        Assert.True(group.WaitForOne());
        late.sum().backward();
        SaysThatAGradientChanged(reduction);
    }

    [Fact]
    public void A_gradient_that_changes_while_it_is_sent_is_no_silent_fault()
    {
        using var parameters = Parameters();
        using var group = new Recorder { WhileSending = () => late.grad!.TimesInPlace(2) };
        using var reduction = new GradientReduction(parameters.Buckets, group, isSharded: false, inBFloat16: false, addsOnce: true);
        late.sum().backward();
        SaysThatAGradientChanged(reduction);
    }

    private static void SaysThatAGradientChanged(GradientReduction reduction) =>
        Assert.Contains(
            "after it had been sent",
            Assert.Throws<InvalidOperationException>(reduction.Finish).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void A_pass_that_fails_sends_nothing_more()
    {
        using var parameters = Parameters();
        using var group = new Recorder();
        using (new GradientReduction(parameters.Buckets, group, isSharded: false, inBFloat16: false, addsOnce: true)) { }
        Assert.False(group.WaitForOne(TimeSpan.FromMilliseconds(100)));
    }

    [Theory]
    [InlineData(ScalarType.Float32, ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16, ScalarType.Float16)]
    public void Only_wider_gradients_are_shortened(ScalarType own, ScalarType travelling)
    {
        var parameter = ModuleParameters.AsParameter(ones(4, dtype: own));
        using var parameters = new TrainedParameters(new Dictionary<string, Parameter> { ["only"] = parameter }, parts: 2);
        using var group = new Recorder();
        using var reduction = new GradientReduction(parameters.Buckets, group, isSharded: false, inBFloat16: true, addsOnce: false);
        reduction.Finish();
        Assert.Equal(travelling, group.LastType);
    }

    public void Dispose() => scope.Dispose();

    private TrainedParameters Parameters() => new(new Dictionary<string, Parameter> { ["early"] = early, ["late"] = late }, parts: 2);

    /// <summary>Lets a gradient through after something was done.</summary>
    private sealed class Hold : autograd.SingleTensorFunction<Hold>
    {
        public override string Name => nameof(Hold);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            ctx.save_data("before", vars[1]);
            return ((Tensor)vars[0]).clone();
        }

        public override List<Tensor?> backward(autograd.AutogradContext ctx, Tensor grad_output)
        {
            ((Action)ctx.get_data("before"))();
            return [grad_output.clone(), null];
        }
    }

    /// <summary>Counts what is sent.</summary>
    private sealed class Recorder : IProcessGroup
    {
        private readonly ManualResetEventSlim one = new();
        private int count;

        public int Rank => 0;

        public int Size => 2;

        public int Count => Volatile.Read(ref count);

        public ScalarType? LastType { get; private set; }

        public bool WaitForOne(TimeSpan? patience = null) => one.Wait(patience ?? Patience);

        public void Sum(Span<double> values) => throw new NotSupportedException();

        public string Broadcast(string text) => throw new NotSupportedException();

        public void Broadcast(Tensor tensor) => throw new NotSupportedException();

        public Action? WhileSending { get; init; }

        public void ReduceScatterMean(Tensor tensor) => WhileSending?.Invoke();

        public void AllGather(Tensor tensor)
        {
            LastType = tensor.dtype;
            Interlocked.Increment(ref count);
            one.Set();
        }

        public void Synchronize() { }

        public void Complete() { }

        public void Dispose() => one.Dispose();
    }
}

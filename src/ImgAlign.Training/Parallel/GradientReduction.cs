using System.Runtime.ExceptionServices;
using ImgAlign.Runtime;
using ImgAlign.Training.Native;
using ImgAlign.Training.Optimization;
using static TorchSharp.torch;

namespace ImgAlign.Training.Parallel;

/// <summary>
/// Takes the mean of one step's gradients over processes, bucket after bucket on a thread of its own, while the backward pass goes on.
/// </summary>
/// <remarks>
/// TorchSharp has no hooks on gradients. But libtorch counts how often a tensor's memory is changed in place, its views included, and a
/// backward pass adds to the gradient of each parameter that the loss depends on once: a bucket is final when its count has risen by the
/// number of its parameters, and all are when the pass has ended. A task must say that this holds
/// (<see cref="ITrainingTask.AddsToGradientsOnce"/>); without, everything is reduced after the pass.
/// </remarks>
internal sealed class GradientReduction : IDisposable
{
    private const long BytesOfBFloat16 = 2;

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(1);

    private readonly IReadOnlyList<GradientBucket> buckets;
    private readonly IProcessGroup group;
    private readonly bool isSharded;
    private readonly bool inBFloat16;
    private readonly LibTorchInterface libTorch = LibTorchInterface.Require();
    private readonly long[] finalVersions;
    private readonly long[] sentVersions;
    private readonly Tensor?[] sent;
    private readonly ManualResetEventSlim passEnded = new();
    private readonly Thread thread;
    private volatile bool isGivenUp;
    private ExceptionDispatchInfo? failure;

    /// <summary>Begins, before the backward pass that completes the gradients.</summary>
    /// <param name="buckets">The gradients; borrowed.</param>
    /// <param name="group">The processes; borrowed. Nothing else may use it until <see cref="Finish"/> is over.</param>
    /// <param name="isSharded">Whether a process needs the mean of its own part only.</param>
    /// <param name="inBFloat16">Whether gradients of more than 16 bits travel in bfloat16.</param>
    /// <param name="addsOnce">Whether the pass adds to each parameter's gradient at most once.</param>
    public GradientReduction(IReadOnlyList<GradientBucket> buckets, IProcessGroup group, bool isSharded, bool inBFloat16, bool addsOnce)
    {
        (this.buckets, this.group, this.isSharded, this.inBFloat16) = (buckets, group, isSharded, inBFloat16);
        finalVersions = [.. buckets.Select(bucket => addsOnce ? Version(bucket) + bucket.Members.Count : long.MaxValue)];
        sentVersions = new long[buckets.Count];
        sent = new Tensor?[buckets.Count];
        thread = new Thread(Work) { IsBackground = true, Name = "gradients" };
        thread.Start();
    }

    /// <summary>Reduces what is left, after the pass. The gradients are then those of all processes; where they are sharded, only this
    /// process's part of them is.</summary>
    /// <exception cref="ImgAlignException">A process has ended.</exception>
    /// <exception cref="InvalidOperationException">A gradient has changed after it was sent.</exception>
    public void Finish()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        passEnded.Set();
        thread.Join();
        failure?.Throw();
        group.Synchronize();
        foreach (var (index, bucket) in buckets.Index())
        {
            if (Version(bucket) != sentVersions[index])
                throw new InvalidOperationException(
                    "A gradient was added to after it had been sent to the other processes: the task says that a backward pass adds to "
                        + $"each once ({nameof(ITrainingTask.AddsToGradientsOnce)}), which does not hold."
                );
            if (sent[index] is { } shorter)
                Own(bucket, bucket.Flat).copy_(Own(bucket, shorter));
        }
    }

    /// <summary>Gives up where it has not been finished: the pass has failed.</summary>
    public void Dispose()
    {
        isGivenUp = true;
        passEnded.Set();
        if (thread.IsAlive)
            return; // it may wait for the other processes, which wait for this one to end
        foreach (var shorter in sent)
            shorter?.Dispose();
        passEnded.Dispose();
    }

    private void Work()
    {
        try
        {
            using var stack = SignalStack.Enlarge();
            using var noGrad = no_grad();
            foreach (var (index, bucket) in buckets.Index())
            {
                while (Version(bucket) < finalVersions[index] && !passEnded.Wait(BetweenLooks)) { }
                if (isGivenUp)
                    return;
                Send(index, bucket);
            }
        }
#pragma warning disable CA1031 // Every exception is the caller's: Finish throws it again.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            failure = ExceptionDispatchInfo.Capture(exception);
        }
    }

    private void Send(int index, GradientBucket bucket)
    {
        // What is added from here on may travel or not.
        sentVersions[index] = Version(bucket);
        if (inBFloat16 && bucket.Flat.element_size() > BytesOfBFloat16)
            sent[index] = bucket.Flat.to(bfloat16);
        // The same memory in a tensor with a count of its own, so that what the transfers write is not taken for an addition.
        using var alias = empty(0, bucket.Flat.dtype, bucket.Flat.device).set_(bucket.Flat);
        var travelling = sent[index] ?? alias;
        group.ReduceScatterMean(travelling);
        if (!isSharded)
            group.AllGather(travelling);
    }

    private Tensor Own(GradientBucket bucket, Tensor tensor) =>
        isSharded ? tensor.narrow(0, group.Rank * bucket.PartLength, bucket.PartLength) : tensor;

    private long Version(GradientBucket bucket) => libTorch.Version(bucket.Flat);
}

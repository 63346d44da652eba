using System.Globalization;
using System.Runtime.CompilerServices;
using ImgAlign.Runtime;
using TorchSharp;

namespace ImgAlign.Testing.SelfTest;

/// <summary>
/// Computes steps of networks of published size on a device, in every type that it has, and compares them with float32 on the CPU.
/// </summary>
public sealed class FullSizeRunner
{
    private const string Cpu = "cpu";

    // What a step needs beside the weights, generously: activations, and libtorch's own.
    private const long WorkingBytes = 3_000_000_000;

    private readonly string device;
    private readonly long? freeBytes; // before libtorch has taken any

    /// <summary>Looks at the device.</summary>
    /// <param name="device">As in <see cref="RuntimeOptions.Device"/>.</param>
    /// <exception cref="ImgAlignException">It is not there.</exception>
    public FullSizeRunner(string device)
    {
        this.device = device;
        using var runtime = new DeviceRuntime(new RuntimeOptions { Device = device });
        freeBytes = DeviceMemory.Query(runtime.Device)?.FreeBytes;
    }

    // On a GPU its own float32 comes last, which takes the most memory.
    private IReadOnlyList<Precision> Precisions =>
        device == Cpu ? [Precision.BFloat16] : [Precision.BFloat16, Precision.Float16, Precision.Float32];

    /// <summary>Runs a test: first in float32 on the CPU, which is the reference, then in every type on the device.</summary>
    /// <param name="test">The test.</param>
    /// <param name="cancellationToken">Ends it after the step that runs.</param>
    /// <returns>The results as they come.</returns>
    public async IAsyncEnumerable<FullSizeResult> RunAsync(
        FullSizeTest test,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        var reference = await RunAsync(test, Cpu, Precision.Float32, ResidencyPolicy.StreamBlocks, null, cancellationToken)
            .ConfigureAwait(false);
        yield return reference;
        if (reference.Run is null)
            yield break;
        foreach (var precision in Precisions)
        {
            yield return Place(test, precision) is { } residency
                ? await RunAsync(test, device, precision, residency, reference.Run, cancellationToken).ConfigureAwait(false)
                : new FullSizeResult(device, precision)
                {
                    Verdict = DoctorVerdict.Warning,
                    Problem =
                        $"{MemoryEstimate.Text(WeightBytes(test, precision))} of weights fit neither on the device nor into host memory",
                };
        }
    }

    private static async Task<FullSizeResult> RunAsync(
        FullSizeTest test,
        string device,
        Precision precision,
        ResidencyPolicy residency,
        FullSizeRun? reference,
        CancellationToken cancellationToken
    )
    {
        try
        {
            using var runtime = new DeviceRuntime(
                new RuntimeOptions
                {
                    Device = device,
                    Precision = precision,
                    Residency = residency,
                }
            );
            var run = await runtime.RunAsync(() => test.Run(runtime), cancellationToken).ConfigureAwait(false);
            return Judge(run, reference, device, precision, test.Bound(precision));
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or OutOfMemoryException))
        {
            return new FullSizeResult(device, precision) { Verdict = DoctorVerdict.Problem, Problem = exception.Message.Split('\n')[0] };
        }
    }

    private static FullSizeResult Judge(FullSizeRun run, FullSizeRun? reference, string device, Precision precision, double bound)
    {
        var error = run.ErrorAgainst(reference ?? run); // the reference itself must be finite, too
        return new FullSizeResult(device, precision)
        {
            Run = run,
            Error = reference is null ? null : error,
            Verdict = error <= bound ? DoctorVerdict.Fine : DoctorVerdict.Problem,
            Problem =
                error <= bound ? null
                : double.IsNaN(error) ? "the result holds numbers that are not finite"
                : string.Create(CultureInfo.InvariantCulture, $"the error is larger than {bound}"),
        };
    }

    // On the CPU blocks are made when their turn comes, and freed. On a GPU they would wait in host memory.
    private ResidencyPolicy? Place(FullSizeTest test, Precision precision)
    {
        if (device == Cpu)
            return ResidencyPolicy.StreamBlocks;
        if (freeBytes is null || WeightBytes(test, precision) + WorkingBytes <= freeBytes)
            return ResidencyPolicy.KeepAll;
        var host = DeviceMemory.Query(torch.CPU)!.FreeBytes;
        return WeightBytes(test, Precision.BFloat16) + WorkingBytes <= host ? ResidencyPolicy.StreamBlocks : null;
    }

    private static long WeightBytes(FullSizeTest test, Precision precision) => test.Weights * (precision == Precision.Float32 ? 4 : 2);
}

using System.Globalization;

namespace ImgAlign.Runtime;

/// <summary>How much device memory a run is expected to need, and how much there is.</summary>
/// <param name="device">The device's name, such as <c>cuda:0</c>.</param>
/// <param name="isHost">Whether it is the CPU, whose memory is the host's.</param>
/// <param name="policy">Which networks are in its memory at the same time.</param>
/// <param name="stages">The stages of the run, each with an upper estimate.</param>
/// <param name="availableBytes">What the run may use: the budget, or what the device has free; null where neither is known.</param>
public sealed class MemoryEstimate(
    string device,
    bool isHost,
    ResidencyPolicy policy,
    IReadOnlyList<StageFootprint> stages,
    long? availableBytes
)
{
    /// <summary>The device's name, such as <c>cuda:0</c>.</summary>
    public string Device { get; } = device;

    /// <summary>Which networks are in its memory at the same time.</summary>
    public ResidencyPolicy Policy { get; } = policy;

    /// <summary>The stages of the run, each with an upper estimate.</summary>
    public IReadOnlyList<StageFootprint> Stages { get; } = stages;

    /// <summary>What the run may use: the budget, or what the device has free; null where neither is known.</summary>
    public long? AvailableBytes { get; } = availableBytes;

    /// <summary>The bytes that the run needs at its fullest moment.</summary>
    public long RequiredBytes => RequiredUnder(Policy);

    /// <summary>The stage that needs most on its own; null when no stage is known.</summary>
    public StageFootprint? LargestStage => Stages.OrderByDescending(Bytes).FirstOrDefault();

    /// <summary>The bytes that the same run would need under a policy.</summary>
    /// <param name="policy">The policy.</param>
    public long RequiredUnder(ResidencyPolicy policy)
    {
        if (Stages.Count == 0)
            return 0;
        if (policy == ResidencyPolicy.StreamBlocks)
            return Stages.Max(static stage => (stage.StreamedWeightBytes ?? stage.WeightBytes) + stage.ActivationBytes);
        // On the CPU, host memory is the device's: what is offloaded is still there.
        var keepsAll = policy == ResidencyPolicy.KeepAll || (policy == ResidencyPolicy.OffloadToHost && isHost);
        return keepsAll
            ? Stages.Sum(static stage => stage.WeightBytes) + Stages.Max(static stage => stage.ActivationBytes)
            : Stages.Max(Bytes);
    }

    /// <summary>Whether the run fits, as far as is known.</summary>
    public bool Fits => AvailableBytes is not { } available || RequiredBytes <= available;

    /// <summary>Refuses a run that cannot fit.</summary>
    /// <exception cref="DeviceMemoryException">It needs more than there is; the message names the stage, the need, and the option that
    /// would fit.</exception>
    public void EnsureFits()
    {
        if (AvailableBytes is not { } available || Fits)
            return;
        var stage = LargestStage!;
        throw new DeviceMemoryException(
            $"A run on {Device} needs {Text(RequiredBytes)} with Residency {Policy} (the largest stage, {stage.Name}: "
                + $"{Text(stage.WeightBytes)} of weights and "
                + $"{Text(stage.ActivationBytes)} to compute), but {Text(available)} are available; {Advice(available)}."
        );
    }

    /// <summary>The estimate as messages print it.</summary>
    public override string ToString() =>
        $"{Text(RequiredBytes)} on {Device} with Residency {Policy}, "
        + $"{(AvailableBytes is { } available ? Text(available) : "an unknown amount")} available";

    private string Advice(long available)
    {
        foreach (
            var policy in (ResidencyPolicy[])[ResidencyPolicy.OffloadToHost, ResidencyPolicy.LoadOnDemand, ResidencyPolicy.StreamBlocks]
        )
        {
            var required = RequiredUnder(policy);
            if (required <= available)
                return $"Residency {policy} needs {Text(required)} and would fit";
        }
        return "no Residency would fit: use a smaller Size, a Precision of 16 bits, a WeightStorage of 8 bits, "
            + "GuidanceBranches.Apart, or a larger device";
    }

    private static long Bytes(StageFootprint stage) => stage.WeightBytes + stage.ActivationBytes;

    /// <summary>Bytes as people read them, such as <c>10.3 GB</c>.</summary>
    /// <param name="bytes">The bytes.</param>
    public static string Text(long bytes) =>
        bytes < 100_000_000
            ? (bytes / 1e6).ToString("0.0 MB", CultureInfo.InvariantCulture)
            : (bytes / 1e9).ToString("0.0 GB", CultureInfo.InvariantCulture);
}

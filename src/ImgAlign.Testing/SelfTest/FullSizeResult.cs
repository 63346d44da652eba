using ImgAlign.Runtime;

namespace ImgAlign.Testing.SelfTest;

/// <summary>How one step of a network of published size ended.</summary>
public sealed class FullSizeResult
{
    internal FullSizeResult(string device, Precision precision) => (Device, Precision) = (device, precision);

    /// <summary>Where it ran, as in <see cref="RuntimeOptions.Device"/>.</summary>
    public string Device { get; }

    /// <summary>The type of its weights and activations.</summary>
    public Precision Precision { get; }

    /// <summary>Whether it ran and is near enough to float32; a warning where memory is too short to run it.</summary>
    public DoctorVerdict Verdict { get; internal init; }

    /// <summary>What went wrong, in one sentence; null where nothing did.</summary>
    public string? Problem { get; internal init; }

    /// <summary>
    /// How far it is from float32 on the CPU: the root mean square of the difference, in root mean squares of that; NaN where a number is
    /// not finite, null for the reference itself and where it did not run.
    /// </summary>
    public double? Error { get; internal init; }

    /// <summary>What it took; null where it did not run.</summary>
    public FullSizeRun? Run { get; internal init; }
}

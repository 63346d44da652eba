using System.ComponentModel.DataAnnotations;

namespace ImgAlign.Runtime;

/// <summary>Where and how models run: one set of options a device.</summary>
public class RuntimeOptions
{
    /// <summary><c>cpu</c>, <c>cuda</c> (the first GPU) or <c>cuda:1</c>. A device that is absent is an error: there is no
    /// fall-back.</summary>
    [Required, RegularExpression(@"cpu|cuda(:\d{1,2})?", ErrorMessage = "{0} must be cpu, cuda or cuda:N.")]
    public string Device { get; set; } = "cpu";

    /// <summary>The number format of weights and activations.</summary>
    [EnumDataType(typeof(Precision))]
    public Precision Precision { get; set; } = Precision.Auto;

    /// <summary>Which networks are in device memory at the same time.</summary>
    [EnumDataType(typeof(ResidencyPolicy))]
    public ResidencyPolicy Residency { get; set; } = ResidencyPolicy.KeepAll;

    /// <summary>The most device memory, in bytes, that a generation may be estimated to need; null: what the device has free.</summary>
    [Range(1, long.MaxValue)]
    public long? MemoryBudgetBytes { get; set; }

    /// <summary>Threads for computations on the CPU; null: libtorch decides.</summary>
    [Range(1, 1024)]
    public int? Threads { get; set; }

    /// <summary>
    /// Whether large float32 products run on a kernel of this library where that is faster than libtorch's: on AMD's CPUs with AVX-512. It
    /// sums in another order, so that pictures differ from libtorch's in rounding.
    /// </summary>
    public bool UseWideGemm { get; set; } = true;

    /// <summary>The most runs that may wait for the device; one more is refused with <see cref="DeviceBusyException"/>.</summary>
    [Range(0, 1_000_000)]
    public int QueueLimit { get; set; } = 1000;
}

namespace ImgAlign.Runtime;

/// <summary>Which networks are in device memory at the same time.</summary>
public enum ResidencyPolicy
{
    /// <summary>All of them, from their first use on: the fastest.</summary>
    KeepAll,

    /// <summary>Only the one in use; the others wait in host memory. The same as <see cref="KeepAll"/> on the CPU, which has one memory.</summary>
    OffloadToHost,

    /// <summary>Only the one in use; it is loaded from its files when needed, and released after: the smallest.</summary>
    LoadOnDemand,
}

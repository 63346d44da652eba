namespace ImgAlign.Runtime;

/// <summary>Which networks are in device memory at the same time.</summary>
public enum ResidencyPolicy
{
    /// <summary>All of them, from their first use on: the fastest.</summary>
    KeepAll,

    /// <summary>Only the one in use; the others wait in host memory. The same as <see cref="KeepAll"/> on the CPU, which has one
    /// memory.</summary>
    OffloadToHost,

    /// <summary>Only the one in use; it is loaded from its files when needed, and released after: the smallest.</summary>
    LoadOnDemand,

    /// <summary>
    /// Of the network in use, only the block at work, where it consists of blocks that run one after the other: for
    /// networks that do not fit by themselves. Blocks, and the other networks, wait in host memory; on the CPU they are read from their
    /// files.
    /// </summary>
    StreamBlocks,
}

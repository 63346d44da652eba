namespace ImgAlign.Runtime;

/// <summary>The number format of weights and activations.</summary>
public enum Precision
{
    /// <summary>Float32 on the CPU, BFloat16 on a GPU.</summary>
    Auto,

    /// <summary>32 bits.</summary>
    Float32,

    /// <summary>16 bits with the range of Float32.</summary>
    BFloat16,

    /// <summary>16 bits with a smaller range; GPUs only.</summary>
    Float16,
}

namespace ImgAlign.Checkpoints;

/// <summary>
/// Quantizations that are known and not read: other tools' files are refused for the reason, and not for a shape that is not expected.
/// </summary>
internal static class UnreadQuantization
{
    // Tensors that stand beside a weight, by the ends of their names.
    private static readonly (string End, string Name)[] Marks =
    [
        (".quant_state.bitsandbytes__nf4", "bitsandbytes' NF4"),
        (".quant_state.bitsandbytes__fp4", "bitsandbytes' FP4"),
        (".SCB", "bitsandbytes' 8-bit integers"),
        (".qweight", "the packed integers of GPTQ, AWQ or SVDQuant"),
        (".weight_scale_2", "NVFP4"),
        (".weight_scale", "scaled integers"), // those of 8-bit floats are gone: ScaledCheckpoint has taken them
        (".scale_weight", "scaled integers"),
    ];

    /// <summary>Refuses a checkpoint that has weights in one of them.</summary>
    /// <param name="checkpoint">The checkpoint; only its names are looked at.</param>
    /// <exception cref="CheckpointException">It has; the message says in which.</exception>
    public static void Refuse(Checkpoint checkpoint)
    {
        foreach (var (end, quantization) in Marks)
        {
            if (checkpoint.Tensors.Keys.FirstOrDefault(name => name.EndsWith(end, StringComparison.Ordinal)) is { } found)
                throw checkpoint.Fault(
                    found,
                    $"belongs to a weight in {quantization}, which is not read here; "
                        + "take the model in 16 bits, in 8-bit floats, or as GGUF."
                );
        }
    }
}

namespace ImgAlign.Checkpoints;

/// <summary>
/// How the weight matrices of linear layers are kept. Whatever it is, a layer computes in its network's own type, and all else (biases,
/// norms, embeddings, convolutions) is kept in that type.
/// </summary>
public enum WeightStorage
{
    /// <summary>
    /// As the file has them: weights in a quantization of GGUF, or in 8-bit floating-point numbers, stay in it; those of 16 bits or more
    /// are kept in the type that the network runs in, and so are weights that a LoRA changes, for no file has them.
    /// </summary>
    AsStored,

    /// <summary>
    /// In the type that the network runs in, even where the file has them in fewer bits: larger, and no weight is converted while it runs.
    /// </summary>
    None,

    /// <summary>8-bit integers with one factor for each output: an error of at most 1/254 of the row's largest weight.</summary>
    Int8,

    /// <summary>8-bit floating-point numbers (e4m3) with one factor for each output: an error of at most 1/16 of each weight, but for those
    /// near zero.</summary>
    Float8,
}

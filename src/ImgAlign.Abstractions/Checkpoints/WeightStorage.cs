namespace ImgAlign.Checkpoints;

/// <summary>
/// How the weight matrices of linear layers are kept. Whatever it is, a layer computes in its network's own type, and all else (biases, norms,
/// embeddings, convolutions) is kept in that type.
/// </summary>
public enum WeightStorage
{
    /// <summary>As they are, in the type that the network runs in.</summary>
    None,

    /// <summary>8-bit integers with one factor for each output: an error of at most 1/254 of the row's largest weight.</summary>
    Int8,

    /// <summary>8-bit floating-point numbers (e4m3) with one factor for each output: an error of at most 1/16 of each weight, but for those near zero.</summary>
    Float8,
}

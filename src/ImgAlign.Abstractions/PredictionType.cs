namespace ImgAlign;

/// <summary>What a diffusion network says of a sample.</summary>
public enum PredictionType
{
    /// <summary>The noise in it (<c>epsilon</c>).</summary>
    Noise,

    /// <summary><c>v = a noise - b data</c> where <c>a data + b noise</c> is the sample at variance 1 (Salimans and Ho, 2022).</summary>
    Velocity,

    /// <summary>The data behind it (<c>sample</c>).</summary>
    Data,

    /// <summary>The velocity of a rectified flow, noise less data.</summary>
    Flow,
}

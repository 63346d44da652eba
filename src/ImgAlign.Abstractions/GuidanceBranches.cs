namespace ImgAlign;

/// <summary>How the two branches of classifier-free guidance are computed. They give the same but for rounding.</summary>
public enum GuidanceBranches
{
    /// <summary>As one batch: the faster.</summary>
    Together,

    /// <summary>One after the other, which needs half of the memory for activations.</summary>
    Apart,
}

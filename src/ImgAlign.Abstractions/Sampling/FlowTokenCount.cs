namespace ImgAlign.Sampling;

/// <summary>Which number of image tokens shifts FLUX's times.</summary>
public enum FlowTokenCount
{
    /// <summary>
    /// <c>(w / 8)(h / 8) / 256</c>, as IMG's released code counts: 64 where the picture of 1024 x 1024 has 4,096. Its aligner is released
    /// with it.
    /// </summary>
    Released,

    /// <summary><c>(w / 16)(h / 16)</c>, as many as there are.</summary>
    Standard,
}

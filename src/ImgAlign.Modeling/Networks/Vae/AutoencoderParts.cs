namespace ImgAlign.Networks.Vae;

/// <summary>The halves of an autoencoder.</summary>
[Flags]
public enum AutoencoderParts
{
    /// <summary>From pictures to latents.</summary>
    Encoder = 1,

    /// <summary>From latents to pictures.</summary>
    Decoder = 2,

    /// <summary>Both.</summary>
    Both = Encoder | Decoder,
}

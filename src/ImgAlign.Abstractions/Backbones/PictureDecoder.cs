namespace ImgAlign.Backbones;

/// <summary>What makes a diffusion model's final latents into pictures.</summary>
public enum PictureDecoder
{
    /// <summary>The model's VAE.</summary>
    Vae,

    /// <summary>The tiny autoencoder (<see cref="DiffusionOptions.TinyVaePath"/>): a quick look, nearly the VAE's picture.</summary>
    Tiny,
}

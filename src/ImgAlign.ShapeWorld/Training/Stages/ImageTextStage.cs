using ImgAlign.Sampling;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>What SDXL reads: both text encoders, and the image prompt's encoder.</summary>
internal sealed class ImageTextStage(StageContext context, long seed) : EncoderStage(context, seed, forDiffusion: true)
{
    internal override void Save()
    {
        NetworkFile.Write(Path.Combine(Folder.TextEncoder, NetworkFile.Transformers), NetworkFile.Weights(FirstText!));
        NetworkFile.Write(Path.Combine(Folder.TextEncoder2, NetworkFile.Transformers), NetworkFile.Weights(Text));
        NetworkFile.Write(Path.Combine(Folder.ImageEncoder, NetworkFile.Transformers), NetworkFile.Weights(Vision));
    }
}

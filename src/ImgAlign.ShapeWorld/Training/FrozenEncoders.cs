using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Vae;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Scenes;
using ImgAlign.Tokenizers;
using ImgAlign.Training;
using ImgAlign.Training.Tasks;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>The trained networks that make a diffusion model's inputs, without gradients: autoencoder, text encoders, image
/// encoder.</summary>
internal sealed class FrozenEncoders : IDisposable
{
    private readonly AutoencoderKl autoencoder;
    private readonly ClipTextModel text;
    private readonly ClipTextModel text2;
    private readonly ClipVisionModel vision;
    private readonly ClipTokenizer tokenizer;

    public FrozenEncoders(WorldFolder folder)
    {
        autoencoder = NetworkFile.Read(new AutoencoderKl(WorldNetworks.Autoencoder, META), folder.Autoencoder);
        text = NetworkFile.Read(
            new ClipTextModel(WorldNetworks.TextEncoder, META),
            folder.TextEncoder,
            static (network, file) => network.Names(file)
        );
        text2 = NetworkFile.Read(
            new ClipTextModel(WorldNetworks.TextEncoder2, META),
            folder.TextEncoder2,
            static (network, file) => network.Names(file)
        );
        vision = NetworkFile.Read(
            new ClipVisionModel(WorldNetworks.ImageEncoder, META),
            folder.ImageEncoder,
            static (network, file) => network.Names(file)
        );
        tokenizer = ClipTokenizer.Load(folder.Tokenizer);
    }

    /// <summary>Reads scenes as a diffusion network is trained on them.</summary>
    /// <param name="draws">The samples.</param>
    /// <param name="wrongCaptionPart">The part of the captions that has one thing wrong.</param>
    /// <param name="withImages"> Whether there are image prompts: other pictures of the same scenes, as in a round, where the picture that
    /// prompts is never the one that is drawn.
    /// </param>
    public DiffusionBatch Read(IReadOnlyList<SampleDraw> draws, double wrongCaptionPart, bool withImages)
    {
        using var noGrad = no_grad();
        var samples = draws.Select(static draw => SceneSample.Draw(draw.Seed)).ToList();
        List<RgbImage> images = [.. samples.Select(static sample => sample.Image)];
        var ids = CaptionTokens
            .Of(
                tokenizer,
                [
                    .. samples.Select(sample =>
                        Captions.Write(CaptionNoise.Perhaps(sample.Scene, wrongCaptionPart, sample.Random), sample.Random)
                    ),
                ]
            )
            .Ids;
        var (first, second) = (text.call(ids), text2.call(ids));
        var batch = new DiffusionBatch(
            autoencoder.Encode(PictureTensors.ForAutoencoder(images)).Mean,
            cat([first.Penultimate, second.Penultimate], -1),
            second.Pooled!,
            TimeIds(images.Count)
        );
        if (!withImages)
            return batch;
        var prompts = PictureTensors.ForClip([.. samples.Select(static sample => new PlacedScene(sample.Scene, sample.Random).Render())]);
        return batch with { Image = vision.call(prompts).Penultimate, NoImage = vision.call(zeros_like(prompts[..1])).Penultimate };
    }

    public void Dispose()
    {
        autoencoder.Dispose();
        text.Dispose();
        text2.Dispose();
        vision.Dispose();
    }

    // All pictures are of the world's size, and not cropped: [B, 6].
    private static Tensor TimeIds(int count)
    {
        const float size = SceneRenderer.Size;
        return tensor([size, size, 0, 0, size, size]).expand(count, -1);
    }
}

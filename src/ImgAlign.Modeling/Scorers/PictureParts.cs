using ImgAlign.Backbones;
using ImgAlign.Imaging;
using ImgAlign.Networks.Clip;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Scorers;

/// <summary>From pictures to what CLIP makes of them, read and checked.</summary>
/// <param name="Config">The image encoder's sizes.</param>
/// <param name="Preprocess">From a picture to pixels <c>[1, 3, S, S]</c>.</param>
/// <param name="Network">From pixels to features.</param>
public sealed record PictureParts(ClipVisionConfig Config, Func<RgbImage, Tensor> Preprocess, ModelSource<ClipVisionModel> Network)
{
    /// <summary>Reads the image encoder of a model in transformers' layout.</summary>
    /// <param name="scorer">The scorer that it is for.</param>
    /// <param name="path">The folder.</param>
    /// <param name="byTorchvision">Whether pictures are read as OpenAI's program for CLIP does, and not as the folder says.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or the encoder has no projection.</exception>
    public static PictureParts Read(string scorer, string path, bool byTorchvision = false)
    {
        var encoder = ImageEncoderParts.Read($"{scorer}, pictures", path);
        if (!encoder.Config.HasProjection)
        {
            throw new ImgAlignException(
                $"{encoder.Folder} holds an image encoder without a projection, but {scorer} needs a whole CLIP model, such as "
                    + "openai/clip-vit-large-patch14."
            );
        }
        var side = encoder.Config.ImageSize;
        var processor = byTorchvision
            ? ClipImageProcessor.ForSizeByTorchvision(side)
            : ClipImageProcessor.LoadOrDefault(encoder.Folder, side, ResizeOrder.StrongerFirst);
        return new(encoder.Config, processor.Preprocess, encoder.Network);
    }
}

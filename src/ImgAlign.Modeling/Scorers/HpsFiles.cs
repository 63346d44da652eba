using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Clip;
using ImgAlign.Runtime;
using ImgAlign.Tokenizers;
using static TorchSharp.torch;

namespace ImgAlign.Scorers;

/// <summary>What HPSv2 is read from: a CLIP in OpenCLIP's layout, and CLIP's vocabulary.</summary>
public static class HpsFiles
{
    /// <summary>Reads sizes and tokenizer and compares them with the weights.</summary>
    /// <param name="modelPath">The checkpoint, a file or a folder; sizes that do not lie beside it are those of ViT-H-14.</param>
    /// <param name="tokenizerPath">A folder with CLIP's vocabulary; null: the checkpoint's.</param>
    /// <param name="preprocessing">How pictures are read.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or two do not fit each other.</exception>
    public static ClipPair Read(string modelPath, string? tokenizerPath, HpsPreprocessing preprocessing)
    {
        using var checkpoint = Checkpoint.Open(modelPath);
        var file = Path.GetFullPath(checkpoint.Source);
        var folder = Path.GetDirectoryName(file)!;
        var vocabulary = PromptParts.FindVocabulary("HPSv2", folder, tokenizerPath);
        var config = OpenClipConfig.ReadOrDefault(folder);
        var (vision, text) = (config.ToVision(), config.ToText());
        var pictures = new ModelSource<ClipVisionModel>(
            "HPSv2, pictures",
            () => new ClipVisionModel(vision, META),
            (network, weights) => weights.Add(network, OpenClipNames.FindVision(weights.Open(file)), OpenClipNames.Vision)
        );
        var prompts = new ModelSource<ClipTextModel>(
            "HPSv2, prompts",
            () => new ClipTextModel(text, META),
            (network, weights) =>
            {
                var part = OpenClipNames.FindText(weights.Open(file));
                weights.Add(network, part, OpenClipNames.Text(part));
            }
        );
        return new(
            new(vision, Preprocess(preprocessing, vision.ImageSize), pictures),
            PromptParts.Create(vocabulary, text, ClipTokenizer.LoadOpenClip(vocabulary, text.MaxPositionEmbeddings), prompts),
            Factor: 1
        );
    }

    private static Func<RgbImage, Tensor> Preprocess(HpsPreprocessing preprocessing, int side) =>
        preprocessing switch
        {
            HpsPreprocessing.Hpsv2 => new HpsImageProcessor(side, antialias: true).Preprocess,
            HpsPreprocessing.Hpsv2WithoutAntialias => new HpsImageProcessor(side, antialias: false).Preprocess,
            HpsPreprocessing.OpenClip => ClipImageProcessor.ForSizeByTorchvision(side).Preprocess,
            _ => throw new ArgumentException(
                $"Preprocessing is {(int)preprocessing}; use {string.Join(", ", Enum.GetNames<HpsPreprocessing>())}.",
                nameof(preprocessing)
            ),
        };
}

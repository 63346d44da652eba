using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.ImageReward;
using ImgAlign.Runtime;
using ImgAlign.Tokenizers;
using static TorchSharp.torch;

namespace ImgAlign.Scorers;

/// <summary>From pictures and prompts to what ImageReward reads, and the network, read and checked.</summary>
/// <param name="Config">The sizes.</param>
/// <param name="Tokenizer">From a prompt to ids.</param>
/// <param name="Network">The network.</param>
public sealed record ImageRewardParts(ImageRewardConfig Config, BertTokenizer Tokenizer, ModelSource<ImageRewardModel> Network)
{
    /// <summary>The most ids of a prompt, those of its begin and end among them.</summary>
    public const int Length = 35;

    private const string TextConfig = "med_config.json";
    private const string Vocabulary = "bert-base-uncased";

    /// <summary>Reads sizes and vocabulary and compares them with the weights.</summary>
    /// <param name="modelPath">The checkpoint, a file or a folder, with <c>med_config.json</c> beside it.</param>
    /// <param name="tokenizerPath">The folder of the vocabulary; null: the model's, or <c>bert-base-uncased</c> in it.</param>
    /// <param name="visionHeads">As for <see cref="ImageRewardConfig.Read"/>.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or two do not fit each other.</exception>
    public static ImageRewardParts Read(string modelPath, string? tokenizerPath = null, int? visionHeads = null)
    {
        using var checkpoint = Checkpoint.Open(modelPath);
        var file = Path.GetFullPath(checkpoint.Source);
        var folder = Path.GetDirectoryName(file)!;
        var config = ImageRewardConfig.Read(ImageRewardConfig.Find(checkpoint), Path.Combine(folder, TextConfig), visionHeads);
        var vocabulary = FindVocabulary(folder, tokenizerPath);
        // BLIP adds two tokens, which the prompts of ImageReward do not use.
        var tokenizer = BertTokenizer.Load(vocabulary, "[DEC]", "[ENC]");
        if (tokenizer.Count != config.Text.VocabSize)
            throw new ImgAlignException(
                $"{Path.Combine(vocabulary, BertTokenizer.FileName)} and two tokens more are {tokenizer.Count}, but the model has "
                    + $"{config.Text.VocabSize}; take vocab.txt of google-bert/bert-base-uncased."
            );
        if (config.Text.MaxPositionEmbeddings < Length)
            throw new ImgAlignException(
                $"{file}: the text encoder reads {config.Text.MaxPositionEmbeddings} tokens, but {Length} are needed."
            );
        var network = new ModelSource<ImageRewardModel>(
            "ImageReward",
            () => new ImageRewardModel(config, META),
            (network, weights) =>
            {
                var part = ImageRewardConfig.Find(weights.Open(file));
                weights.Add(network, part, ImageRewardModel.Names(part));
            }
        );
        return new(config, tokenizer, network);
    }

    /// <summary>A picture as the network reads it.</summary>
    /// <remarks>Resized in the mode of its file and made RGB only then, as the authors do.</remarks>
    public RgbImage Fit(StoredImage image) => image.FitAsStored(Processor);

    /// <summary>What the network reads of pictures that <see cref="Fit"/> gave: <c>[B, 3, S, S]</c>, on the CPU; disposed by the
    /// caller.</summary>
    public Tensor ToPixels(IReadOnlyList<RgbImage> fitted)
    {
        using var scope = NewDisposeScope();
        return cat([.. fitted.Select(Processor.Preprocess)]).MoveToOuterDisposeScope();
    }

    /// <summary>Prompts as the network reads them, filled up to one length.</summary>
    /// <param name="prompts">B prompts.</param>
    /// <returns>Ids, and 1 where there is text, both <c>[B, 35]</c>, on the CPU; disposed by the caller.</returns>
    public (Tensor Ids, Tensor Mask) Tokenize(IReadOnlyList<string> prompts)
    {
        var rows = prompts.Select(prompt => Tokenizer.Encode(prompt, Length)).ToList();
        return (ToTensor(row => row.Select(static id => (long)id), Tokenizer.PaddingId), ToTensor(row => row.Select(static _ => 1L), 0));

        Tensor ToTensor(Func<IReadOnlyList<int>, IEnumerable<long>> values, long padding) =>
            tensor(
                rows.SelectMany(row => values(row).Concat(Enumerable.Repeat(padding, Length - row.Count))).ToArray(),
                [rows.Count, Length]
            );
    }

    private ClipImageProcessor Processor =>
        ClipImageProcessor.ForSizeByTorchvision(Config.Vision.ImageSize) with
        {
            Order = ResizeOrder.HorizontalFirst,
        };

    private static string FindVocabulary(string folder, string? tokenizerPath)
    {
        if (!string.IsNullOrEmpty(tokenizerPath))
            return ModelFolder.Resolve(tokenizerPath, ModelFiles.Tokenizer);
        return new[] { folder, Path.Combine(folder, Vocabulary) }.FirstOrDefault(candidate =>
                File.Exists(Path.Combine(candidate, BertTokenizer.FileName))
            )
            ?? throw new ImgAlignException(
                $"{folder} holds no {BertTokenizer.FileName}; let ImageReward's TokenizerPath name a folder with that of BERT, "
                    + "google-bert/bert-base-uncased."
            );
    }
}

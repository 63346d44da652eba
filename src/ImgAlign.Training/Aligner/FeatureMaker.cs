using ImgAlign.Detectors;
using ImgAlign.Training.Data;
using static TorchSharp.torch;

namespace ImgAlign.Training.Aligner;

/// <summary>Has frozen networks look at pairs, and writes what they see into a shard.</summary>
internal static class FeatureMaker
{
    private const int PairsAtOnce = 4;

    /// <summary>Makes a shard. Pairs that cannot be used are left out, with the reason.</summary>
    /// <param name="path">The shard's file.</param>
    /// <param name="pairs">The pairs.</param>
    /// <param name="models">The networks; borrowed.</param>
    /// <param name="keepHiddenStates">Whether the detector reads the pictures, too.</param>
    /// <param name="cancellationToken">Ends it between two pairs; no file is left behind.</param>
    public static void Make(
        string path,
        IEnumerable<PicturePair> pairs,
        FrozenModels models,
        bool keepHiddenStates,
        CancellationToken cancellationToken
    )
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var made = new List<PairFeatures>();
        var leftOut = new List<string>();
        foreach (var some in pairs.Select(Decode).OfType<DecodedPair>().Chunk(PairsAtOnce))
        {
            cancellationToken.ThrowIfCancellationRequested();
            made.AddRange(Compute(some));
        }
        FeatureShard.Write(path, made, leftOut);

        DecodedPair? Decode(PicturePair pair)
        {
            try
            {
                if (string.IsNullOrWhiteSpace(pair.Caption))
                    throw new ImgAlignException($"The caption of {pair.Preferred.Name} and {pair.Rejected.Name} is empty.");
                var question = Questions.Ask(models.Question ?? Questions.Draw(pair.Row), pair.Caption);
                if (keepHiddenStates)
                    models.Detector.CheckQuestion(question);
                return new DecodedPair(pair, question, pair.Preferred.Decode(), pair.Rejected.Decode());
            }
            catch (Exception exception) when (exception is ImgAlignException or InvalidRequestException)
            {
                leftOut.Add(exception.Message);
                return null;
            }
        }

        IEnumerable<PairFeatures> Compute(DecodedPair[] some)
        {
            using var encoded = models.ImagePrompt.Encode([.. some.SelectMany(static pair => new[] { pair.Preferred, pair.Rejected })]);
            using var features = encoded.to(float32).cpu(); // [2 B, n, d]
            return
            [
                .. some.Select(
                    (pair, index) =>
                        new PairFeatures(
                            pair.Pair.Caption,
                            features.select(0, 2 * index).clone(),
                            features.select(0, 2 * index + 1).clone(),
                            keepHiddenStates ? null : pair.Pair.Rejected.Bytes,
                            keepHiddenStates ? Detect(models.Detector, pair.Rejected, pair.Question) : null
                        )
                ),
            ];
        }
    }

    /// <summary>The detector's hidden states on reading a picture, <c>[N, D]</c>, float32 on the CPU.</summary>
    /// <param name="detector">The detector; borrowed.</param>
    /// <param name="image">The picture.</param>
    /// <param name="question">The question with the prompt in it.</param>
    public static Tensor Detect(IMisalignmentDetector detector, RgbImage image, string question)
    {
        using var scope = NewDisposeScope();
        using var read = detector.Detect([new DetectionInput(image, question)])[0];
        return read.HiddenStates.squeeze(0).to(float32).cpu().clone().MoveToOuterDisposeScope();
    }

    private sealed record DecodedPair(PicturePair Pair, string Question, RgbImage Preferred, RgbImage Rejected);
}

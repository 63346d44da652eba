using ImgAlign.Detectors;
using ImgAlign.Imaging;
using ImgAlign.Training.Data;
using static TorchSharp.torch;

namespace ImgAlign.Training.Aligner;

/// <summary>
/// Preference pairs as the frozen networks see them. Image-prompt features are computed when they are first wanted, and then come from
/// disk: 131 KB a picture for SDXL. The detector's hidden states are larger (13 MB a pair for LLaVA-1.5-13B) and depend on the question;
/// they are computed every time unless a store for them is given, and the question is then the same in every epoch.
/// </summary>
public sealed class FrozenFeatures : IPreferenceFeatures
{
    // A caption must fit into every question.
    private static readonly string LongestQuestion = Questions.Templates.MaxBy(static template => template.Length)!;

    private readonly IReadOnlyList<PreferencePair> pairs;
    private readonly IImagePromptEncoder encoder;
    private readonly IMisalignmentDetector detector;
    private readonly FeatureStore images;
    private readonly FeatureStore? hiddenStates;
    private readonly string? template;
    private readonly Dictionary<int, string?> problems = [];

    /// <summary>Reads nothing yet.</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="encoder">Encodes both pictures; borrowed.</param>
    /// <param name="detector">Reads the non-preferred one; borrowed.</param>
    /// <param name="images">Where image-prompt features are kept; borrowed.</param>
    /// <param name="hiddenStates">Where hidden states are kept; borrowed. Null: they are not.</param>
    /// <param name="template">What the detector is asked, with <see cref="Questions.Placeholder"/> in the prompt's place; null: what each
    /// sample draws.</param>
    public FrozenFeatures(
        IReadOnlyList<PreferencePair> pairs,
        IImagePromptEncoder encoder,
        IMisalignmentDetector detector,
        FeatureStore images,
        FeatureStore? hiddenStates = null,
        string? template = null
    )
    {
        ArgumentNullException.ThrowIfNull(pairs);
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(detector);
        ArgumentNullException.ThrowIfNull(images);
        this.pairs = pairs;
        this.encoder = encoder;
        this.detector = detector;
        this.images = images;
        this.hiddenStates = hiddenStates;
        this.template = template;
    }

    /// <inheritdoc/>
    public int Count => pairs.Count;

    /// <inheritdoc/>
    public string? FindProblem(int index)
    {
        if (!problems.TryGetValue(index, out var problem))
            problems[index] = problem = Check(pairs[index]);
        return problem;
    }

    /// <inheritdoc/>
    public PreferenceFeatures Read(SampleDraw sample)
    {
        var pair = pairs[sample.Index];
        return new PreferenceFeatures(ReadHiddenStates(pair, sample), Encode(pair.Preferred), Encode(pair.Rejected));
    }

    private Tensor ReadHiddenStates(PreferencePair pair, SampleDraw sample)
    {
        var question = Questions.Ask(template ?? Questions.Draw(hiddenStates is null ? sample.Seed : sample.Index), pair.Caption);
        if (hiddenStates is null)
            return Detect();
        return hiddenStates.GetOrAdd(FeatureStore.Key(File.ReadAllBytes(pair.Rejected), question), () => Detect());

        Tensor Detect()
        {
            using var read = detector.Detect([new DetectionInput(ImageFile.Load(pair.Rejected), question)])[0];
            return read.HiddenStates.squeeze(0).to(float32); // [N, D]
        }
    }

    private Tensor Encode(string path) =>
        images.GetOrAdd(
            FeatureStore.Key(File.ReadAllBytes(path)),
            () =>
            {
                using var encoded = encoder.Encode([ImageFile.Load(path)]); // [1, n, d]
                return encoded.squeeze(0);
            }
        );

    private string? Check(PreferencePair pair)
    {
        if (string.IsNullOrWhiteSpace(pair.Caption))
            return $"The caption of {pair.Preferred} and {pair.Rejected} is empty.";
        try
        {
            detector.CheckQuestion(Questions.Ask(template ?? LongestQuestion, pair.Caption));
            foreach (var path in new[] { pair.Preferred, pair.Rejected })
            {
                if (!File.Exists(path) || !images.Contains(FeatureStore.Key(File.ReadAllBytes(path))))
                    ImageFile.Load(path);
            }
            return null;
        }
        catch (Exception exception) when (exception is ImgAlignException or InvalidRequestException)
        {
            return exception.Message;
        }
    }
}

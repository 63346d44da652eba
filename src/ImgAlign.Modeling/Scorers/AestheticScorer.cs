using ImgAlign.Checkpoints;
using ImgAlign.Networks.Aesthetic;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Scorers;

/// <summary>
/// LAION's aesthetic predictor v2 (Schuhmann, 2022): how people would rate a picture, from 1 to 10. It does not look at the prompt, and so
/// says whether pictures grow uglier, not whether they grow right.
/// </summary>
public sealed class AestheticScorer : IImageScorer, IMemoryFootprint
{
    /// <summary>The name of one that is given no other.</summary>
    public const string DefaultName = "aesthetic";

    private const string Title = "Aesthetic predictor";

    private readonly PictureEncoder encoder;
    private readonly ModelSlot<AestheticNetwork> predictor;

    /// <summary>Reads configurations and compares them with the weights, which are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">Where the files are, and how pictures are read.</param>
    /// <param name="name">The name in records.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or predictor and CLIP do not fit each other.</exception>
    public AestheticScorer(DeviceRuntime runtime, AestheticOptions options, string name = DefaultName)
    {
        ArgumentNullException.ThrowIfNull(options);
        var pictures = PictureParts.Read(Title, options.ClipPath, IsByTorchvision(options.Preprocessing));
        var widths = ReadWidths(options.ModelPath);
        if (widths[0] != pictures.Config.ProjectionDim)
        {
            throw new ImgAlignException(
                $"{options.ModelPath} reads embeddings of width {widths[0]}, but those of {options.ClipPath} have "
                    + $"{pictures.Config.ProjectionDim}; take openai/clip-vit-large-patch14 for the published predictor."
            );
        }
        var network = new ModelSource<AestheticNetwork>(
            Title,
            () => new AestheticNetwork(widths, META),
            (network, weights) =>
            {
                var part = AestheticNetwork.Find(weights.Open(options.ModelPath));
                weights.Add(network, part, AestheticNetwork.Names(part));
            }
        );

        (Runtime, Name) = (runtime, name);
        encoder = new PictureEncoder(runtime, pictures);
        predictor = new(runtime, network, type: float32);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public DeviceRuntime Runtime { get; }

    /// <inheritdoc/>
    /// <exception cref="ImgAlignException">A weight is not finite.</exception>
    public IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts)
    {
        ScorerInput.Require(images, prompts);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var pictures = encoder.Encode(images); // [B, p]
        using var lease = predictor.Use();
        var ratings = lease.Model.call(pictures); // [B]
        FiniteNumbers.Require(ratings, "The ratings", predictor);
        return [.. ratings.cpu().data<float>().Select(static rating => (double)rating)];
    }

    /// <inheritdoc/>
    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload) =>
        [encoder.Estimate(workload.Batch), predictor.Footprint(activationBytes: 0)];

    /// <summary>Frees the networks.</summary>
    public void Dispose()
    {
        encoder.Dispose();
        predictor.Dispose();
    }

    private static bool IsByTorchvision(AestheticPreprocessing preprocessing) =>
        preprocessing switch
        {
            AestheticPreprocessing.OpenAi => true,
            AestheticPreprocessing.Transformers => false,
            _ => throw new ArgumentException(
                $"Preprocessing is {(int)preprocessing}; use {string.Join(" or ", Enum.GetNames<AestheticPreprocessing>())}.",
                nameof(preprocessing)
            ),
        };

    private static IReadOnlyList<long> ReadWidths(string path)
    {
        using var file = Checkpoint.Open(path);
        return AestheticNetwork.ReadWidths(AestheticNetwork.Find(file));
    }
}

using ImgAlign.Networks.Qwen2Vl;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Scorers;

/// <summary>
/// Human Preference Score v3 (Ma et al., 2025): Qwen2-VL-7B reads picture and prompt, and a head gives the mean of what people prefer.
/// Published pictures lie at about -5 to 15.
/// </summary>
public sealed class Hpsv3Scorer : IImageScorer, IMemoryFootprint
{
    /// <summary>The name of one that is given no other.</summary>
    public const string DefaultName = "hpsv3";

    private const int UsualPromptTokens = 128;

    private readonly Hpsv3Parts parts;
    private readonly ModelSlot<Qwen2VlModel> network;
    private readonly ModelSlot<PreferenceHead> head;

    /// <summary>Reads configuration and tokenizer and compares them with the weights, which are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">Where the files are.</param>
    /// <param name="name">The name in records.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or two do not fit each other.</exception>
    public Hpsv3Scorer(DeviceRuntime runtime, Hpsv3Options options, string name = DefaultName)
    {
        ArgumentNullException.ThrowIfNull(options);
        parts = Hpsv3Parts.Read(options.ModelPath, options.BasePath);
        (Runtime, Name) = (runtime, name);
        network = new(runtime, parts.Network, storage: options.Storage);
        head = new(runtime, parts.Head, type: float32);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public DeviceRuntime Runtime { get; }

    /// <inheritdoc/>
    public void CheckPrompt(string prompt) => parts.CheckPrompt(prompt);

    /// <inheritdoc/>
    /// <exception cref="ImgAlignException">A weight is not finite.</exception>
    /// <exception cref="InvalidRequestException">A prompt holds a mark of HPSv3's own, or a picture is too narrow to be read.</exception>
    public IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts)
    {
        ScorerInput.Require(images, prompts);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var states = Read(parts.Prepare(images, prompts)); // [B, D]
        using var lease = head.Use();
        var means = lease.Model.call(states).select(1, 0); // [B]
        FiniteNumbers.Require(means, "The scores", network, head);
        return [.. means.cpu().data<float>().Select(static mean => (double)mean)];
    }

    /// <inheritdoc/>
    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload)
    {
        ArgumentNullException.ThrowIfNull(workload);
        var cells = parts.Images.CountCells(parts.Images.FitGrid(workload.Size));
        // First the tower reads, then the language model.
        var numbers = Math.Max(
            parts.Config.Vision.CountActivations((long)cells * parts.Config.Vision.CellPatches),
            parts.Config.Text.CountActivations(parts.Tokenize("", cells).Count + UsualPromptTokens, newTokens: 0)
        );
        return [network.Footprint(numbers * workload.Batch * network.ElementBytes), head.Footprint(activationBytes: 0)];
    }

    /// <summary>Frees the networks.</summary>
    public void Dispose()
    {
        network.Dispose();
        head.Dispose();
    }

    private Tensor Read(Hpsv3Input input)
    {
        using var lease = network.Use();
        return parts.Read(lease.Model, input, Runtime.Device);
    }
}

using ImgAlign.Imaging;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Scorers;

/// <summary>
/// ImageReward v1.0 (Xu et al., 2023): a BLIP that learned from people's rankings of pictures. Its scores have mean 0 and deviation 1 over
/// the authors' pictures.
/// </summary>
public sealed class ImageRewardScorer : IImageScorer, IMemoryFootprint
{
    /// <summary>The name of one that is given no other.</summary>
    public const string DefaultName = "imagereward";

    private readonly ImageRewardParts parts;
    private readonly ModelSlot<Networks.ImageReward.ImageRewardModel> network;

    /// <summary>Reads configuration and vocabulary and compares them with the weights, which are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">Where the files are.</param>
    /// <param name="name">The name in records.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or two do not fit each other.</exception>
    public ImageRewardScorer(DeviceRuntime runtime, ImageRewardOptions options, string name = DefaultName)
    {
        ArgumentNullException.ThrowIfNull(options);
        parts = ImageRewardParts.Read(options.ModelPath, options.TokenizerPath, options.VisionHeads);
        (Runtime, Name) = (runtime, name);
        network = new(runtime, parts.Network);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public DeviceRuntime Runtime { get; }

    /// <inheritdoc/>
    /// <exception cref="ImgAlignException">A weight is not finite, or a picture is too narrow to be read.</exception>
    public IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts)
    {
        ScorerInput.Require(images, prompts);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var lease = network.Use();
        var (ids, mask) = parts.Tokenize(prompts);
        var pixels = parts.ToPixels([.. images.Select(static image => new StoredImage(image)).Select(parts.Fit)]);
        var rewards = lease.Model.call(pixels.to(Runtime.Device), ids.to(Runtime.Device), mask.to(Runtime.Device)); // [B]
        FiniteNumbers.Require(rewards, "The rewards", network);
        return [.. rewards.cpu().data<float>().Select(static reward => (double)reward)];
    }

    /// <inheritdoc/>
    public IReadOnlyList<UnreadText> FindUnread(string prompt) =>
        parts.Tokenizer.FindUnread(prompt, ImageRewardParts.Length) is { } unread
            ? [new UnreadText("text encoder", ImageRewardParts.Length - 2, unread)]
            : [];

    /// <inheritdoc/>
    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload)
    {
        ArgumentNullException.ThrowIfNull(workload);
        return [network.Footprint(parts.Config.EstimateActivations(ImageRewardParts.Length) * workload.Batch)];
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => network.Dispose();
}

using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Scorers;

/// <summary>
/// What scorers have in common whose score is a multiple of the cosine between a picture and its prompt in the space of a CLIP.
/// </summary>
public abstract class ClipBasedScorer : IImageScorer, IMemoryFootprint
{
    private readonly PictureEncoder pictureEncoder;
    private readonly PromptEncoder promptEncoder;
    private readonly double factor;

    /// <summary>Makes a scorer of a CLIP whose weights are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="name">The name in records.</param>
    /// <param name="pair">The CLIP.</param>
    protected ClipBasedScorer(DeviceRuntime runtime, string name, ClipPair pair)
    {
        ArgumentNullException.ThrowIfNull(pair);
        (Runtime, Name, factor) = (runtime, name, pair.Factor);
        pictureEncoder = new PictureEncoder(runtime, pair.Pictures);
        promptEncoder = new PromptEncoder(runtime, pair.Prompts);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public DeviceRuntime Runtime { get; }

    /// <inheritdoc/>
    /// <exception cref="ImgAlignException">A weight is not finite, or a picture is too narrow to be read.</exception>
    public virtual IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts)
    {
        ScorerInput.Require(images, prompts);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var cosines = (pictureEncoder.Encode(images) * promptEncoder.Encode(prompts)).sum(-1); // [B] of [B, p]
        return [.. cosines.cpu().data<float>().Select(cosine => factor * cosine)];
    }

    /// <inheritdoc/>
    public IReadOnlyList<UnreadText> FindUnread(string prompt) => promptEncoder.FindUnread(prompt) is { } unread ? [unread] : [];

    /// <inheritdoc/>
    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload) =>
        [pictureEncoder.Estimate(workload.Batch), promptEncoder.Estimate(workload.Batch)];

    /// <summary>Frees the networks.</summary>
    public void Dispose()
    {
        pictureEncoder.Dispose();
        promptEncoder.Dispose();
        GC.SuppressFinalize(this);
    }
}

using ImgAlign.Runtime;
using ImgAlign.Scorers;
using ImgAlign.ShapeWorld.Language;

namespace ImgAlign.ShapeWorld.Models;

/// <summary>The world's learned scorer: the cosine of picture and prompt in a CLIP of its own.</summary>
public sealed class WorldScorer : ClipBasedScorer
{
    private const string Title = "ShapeWorld's scorer";

    /// <summary>Reads configuration and tokenizer and compares them with the weights, which are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="folder">The world.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken.</exception>
    public WorldScorer(DeviceRuntime runtime, WorldFolder folder)
        : base(runtime, Title, Read(folder)) { }

    /// <inheritdoc/>
    public override IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts) =>
        base.Score(images, [.. prompts.Select(Captions.Normalize)]);

    private static ClipPair Read(WorldFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        return ClipPair.Read(Title, folder.Scorer);
    }
}

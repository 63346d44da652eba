using ImgAlign.Networks.Clip;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Training;
using ImgAlign.Tokenizers;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Evaluation;

/// <summary>The world's learned scorer: the cosine of picture and prompt in a CLIP of its own.</summary>
public sealed class WorldScorer : IImageScorer
{
    private readonly ClipVisionModel vision;
    private readonly ClipTextModel text;
    private readonly ClipTokenizer tokenizer;

    /// <summary>Reads the scorer's weights.</summary>
    /// <param name="folder">The world.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken.</exception>
    public WorldScorer(WorldFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        vision = NetworkFile.Read(new ClipVisionModel(WorldNetworks.ImageEncoder, META), folder.Scorer, static (network, file) => network.Names(file));
        text = NetworkFile.Read(new ClipTextModel(WorldNetworks.TextEncoder2, META), folder.Scorer, static (network, file) => network.Names(file));
        tokenizer = ClipTokenizer.Load(folder.Scorer);
    }

    /// <inheritdoc/>
    public string Name => "ShapeWorld's scorer";

    /// <inheritdoc/>
    public IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, string prompt)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var pictures = nn.functional.normalize(vision.call(PictureTensors.ForClip(images)).Pooled!, dim: -1);  // [B, p]
        var words = nn.functional.normalize(text.call(CaptionTokens.Of(tokenizer, [prompt]).Ids).Pooled!, dim: -1);  // [1, p]
        return [.. (pictures * words).sum(-1).data<float>().Select(static score => (double)score)];
    }

    /// <summary>Frees the networks.</summary>
    public void Dispose()
    {
        vision.Dispose();
        text.Dispose();
    }
}

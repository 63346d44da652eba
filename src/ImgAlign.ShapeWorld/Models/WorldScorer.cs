using ImgAlign.Imaging;
using ImgAlign.Networks.Clip;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.Tokenizers;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Models;

/// <summary>The world's learned scorer: the cosine of picture and prompt in a CLIP of its own.</summary>
public sealed class WorldScorer : IImageScorer, IMemoryFootprint
{
    private const long ActivationBytes = 16L * 1024 * 1024;

    private readonly ClipImageProcessor processor;
    private readonly ClipTokenizer tokenizer;
    private readonly ModelSlot<ClipVisionModel> vision;
    private readonly ModelSlot<ClipTextModel> text;

    /// <summary>Reads configuration and tokenizer and compares them with the weights, which are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="folder">The world.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken.</exception>
    public WorldScorer(DeviceRuntime runtime, WorldFolder folder)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(folder);
        var (path, config) = (folder.Scorer, Path.Combine(folder.Scorer, "config.json"));
        var (visionConfig, textConfig) = (ClipVisionConfig.Read(config), ClipTextConfig.Read(config));
        var visionSource = new ModelSource<ClipVisionModel>("ShapeWorld scorer, pictures", () => new ClipVisionModel(visionConfig, META), path, static (network, file) => network.Names(file));
        var textSource = new ModelSource<ClipTextModel>("ShapeWorld scorer, prompts", () => new ClipTextModel(textConfig, META), path, static (network, file) => network.Names(file));

        Runtime = runtime;
        processor = ClipImageProcessor.ForSize(visionConfig.ImageSize);
        tokenizer = ClipTokenizer.Load(path);
        vision = new(runtime, visionSource);
        text = new(runtime, textSource);
    }

    /// <inheritdoc/>
    public string Name => "ShapeWorld's scorer";

    /// <inheritdoc/>
    public DeviceRuntime Runtime { get; }

    /// <inheritdoc/>
    public IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(prompts);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var pictures = Direction(vision, cat([.. images.Select(processor.Preprocess)]));  // [B, p]
        var words = Direction(text, stack(prompts.Select(prompt => tensor(tokenizer.Encode(Captions.Normalize(prompt))))));  // [B, p]
        return [.. (pictures * words).sum(-1).cpu().data<float>().Select(static score => (double)score)];
    }

    /// <inheritdoc/>
    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload) => [vision.Footprint(ActivationBytes * workload.Batch), text.Footprint(ActivationBytes * workload.Batch)];

    /// <summary>Frees the networks.</summary>
    public void Dispose()
    {
        vision.Dispose();
        text.Dispose();
    }

    // Where a tower puts its inputs, as unit vectors.
    private Tensor Direction<T>(ModelSlot<T> tower, Tensor inputs) where T : nn.Module<Tensor, ClipOutput>
    {
        using var lease = tower.Use();
        return nn.functional.normalize(lease.Model.call(inputs.to(Runtime.Device)).Pooled!.to(float32), dim: -1);
    }
}

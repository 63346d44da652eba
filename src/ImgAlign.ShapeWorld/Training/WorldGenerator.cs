using ImgAlign.Backbones;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using ImgAlign.ShapeWorld.Models;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>Generates many pictures at once with the backbone of a world's folder.</summary>
internal sealed class WorldGenerator : IDisposable
{
    // More at once is not faster on a CPU.
    private const int Batch = 64;

    private readonly DeviceRuntime runtime = new(new RuntimeOptions());
    private readonly SdxlBackbone backbone;

    /// <summary>Opens a world.</summary>
    /// <param name="folder">Where it is.</param>
    /// <param name="withImagePrompt">Whether image prompts will be used.</param>
    public WorldGenerator(WorldFolder folder, bool withImagePrompt) => backbone = new SdxlBackbone(runtime, folder.BackboneOptions(withImagePrompt));

    /// <summary>The image prompt's encoder.</summary>
    public IImagePromptEncoder ImagePrompt => backbone.ImagePrompt;

    /// <summary>One picture for each prompt.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="seeds">The seed of each picture's noise.</param>
    /// <param name="options">Steps and guidance.</param>
    /// <param name="imagePrompts">Image-prompt features <c>[B, n, d]</c>, or null for none.</param>
    /// <param name="scale">Their scale.</param>
    public IReadOnlyList<RgbImage> Generate(IReadOnlyList<string> prompts, IReadOnlyList<long> seeds, SamplingOptions options, Tensor? imagePrompts = null, double scale = 0)
    {
        using var noGrad = no_grad();
        var images = new List<RgbImage>();
        for (var start = 0; start < prompts.Count; start += Batch)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(Batch, prompts.Count - start);
            var latents = Denoise([.. prompts.Skip(start).Take(count)], [.. seeds.Skip(start).Take(count)], options, imagePrompts?.narrow(0, start, count), scale);
            images.AddRange(backbone.Decode(latents));
        }
        return images;
    }

    public void Dispose()
    {
        backbone.Dispose();
        runtime.Dispose();
    }

    private Tensor Denoise(IReadOnlyList<string> prompts, IReadOnlyList<long> seeds, SamplingOptions options, Tensor? imagePrompts, double scale)
    {
        var size = backbone.Info.DefaultSize;
        var noise = cat([.. seeds.Select(seed => backbone.CreateNoise(size, seed))]);
        using var text = backbone.EncodeText([.. prompts.Select(static _ => (string?)null), .. prompts]);
        var images = imagePrompts is null ? null : cat([ImagePrompt.EncodeUnconditional().expand(prompts.Count, -1, -1), imagePrompts]);
        using var guidance = new Guidance(backbone, options.Guidance, startStep: 0);
        guidance.Both = backbone.Condition(text, images, scale, size);
        return DenoisingLoop.Run(backbone.CreateSchedule(options.Steps, size), noise, guidance.Derivative);
    }
}

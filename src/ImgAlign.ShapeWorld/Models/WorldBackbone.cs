using ImgAlign.Backbones;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;
using TorchSharp;

namespace ImgAlign.ShapeWorld.Models;

/// <summary>The world's diffusion model: an SDXL that draws what captions of the world say, in the world's size and by the world's own
/// defaults.</summary>
public sealed class WorldBackbone : IDiffusionBackbone, IMemoryFootprint
{
    private readonly SdxlBackbone sdxl;

    /// <summary>Reads configurations and tokenizers and compares them with the weights, which are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="folder">The world.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken.</exception>
    public WorldBackbone(DeviceRuntime runtime, WorldFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        sdxl = new SdxlBackbone(runtime, folder.BackboneOptions());
        Info = sdxl.Info with
        {
            DefaultSize = Size,
            DefaultSteps = SamplingOptions.Default.Steps,
            DefaultGuidance = SamplingOptions.Default.Guidance,
            DefaultImagePromptScale = SamplingOptions.Default.ImagePromptScale,
        };
    }

    private static ImageSize Size { get; } = new(SceneRenderer.Size, SceneRenderer.Size);

    /// <inheritdoc/>
    public string Name => "ShapeWorld";

    /// <inheritdoc/>
    public DeviceRuntime Runtime => sdxl.Runtime;

    /// <inheritdoc/>
    public BackboneInfo Info { get; }

    /// <inheritdoc/>
    public IImagePromptEncoder? ImagePrompt => sdxl.ImagePrompt;

    /// <summary>The world has one size.</summary>
    /// <param name="size">A size in pixels.</param>
    public ImageSize NearestSize(ImageSize size) => Size;

    /// <inheritdoc/>
    public IReadOnlyList<long> LatentShape(ImageSize size) => sdxl.LatentShape(size);

    /// <inheritdoc/>
    public ISampler DefaultSampler => sdxl.DefaultSampler;

    /// <inheritdoc/>
    public NoiseSchedule CreateSchedule(SamplingSettings settings, ImageSize size) => sdxl.CreateSchedule(settings, size);

    /// <inheritdoc/>
    public IGuidance CreateGuidance(SamplingSettings settings) => sdxl.CreateGuidance(settings);

    /// <inheritdoc/>
    public void CheckPrompt(string prompt) => Captions.Read(prompt);

    /// <inheritdoc/>
    public TextFeatures EncodeText(IReadOnlyList<string?> prompts)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        return sdxl.EncodeText([.. prompts.Select(static prompt => prompt is null ? null : Captions.Normalize(prompt))]);
    }

    /// <inheritdoc/>
    public Conditioning Condition(
        TextFeatures text,
        torch.Tensor? imagePrompt,
        double imagePromptScale,
        ImageSize size,
        SamplingSettings settings
    ) => sdxl.Condition(text, imagePrompt, imagePromptScale, size, settings);

    /// <inheritdoc/>
    public torch.Tensor Predict(torch.Tensor x, NoiseLevel level, Conditioning conditioning) => sdxl.Predict(x, level, conditioning);

    /// <inheritdoc/>
    public bool EncodesPictures => sdxl.EncodesPictures;

    /// <inheritdoc/>
    public torch.Tensor EncodeLatents(RgbImage image, torch.Tensor noise, bool inTiles = false) =>
        sdxl.EncodeLatents(image, noise, inTiles);

    /// <inheritdoc/>
    public IReadOnlyList<RgbImage> Decode(torch.Tensor x, bool inTiles = false) => sdxl.Decode(x, inTiles);

    /// <inheritdoc/>
    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload) => sdxl.EstimateStages(workload);

    /// <summary>Frees all networks.</summary>
    public void Dispose() => sdxl.Dispose();
}

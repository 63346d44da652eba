using ImgAlign.Backbones;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;
using TorchSharp;

namespace ImgAlign.ShapeWorld.Models;

/// <summary>The world's diffusion model: an SDXL that draws what captions of the world say, in the world's size and by the world's own defaults.</summary>
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
            Name = "ShapeWorld",
            FixedSize = new ImageSize(SceneRenderer.Size, SceneRenderer.Size),
            DefaultSteps = SamplingOptions.Default.Steps,
            DefaultGuidance = SamplingOptions.Default.Guidance,
            DefaultImagePromptScale = SamplingOptions.Default.ImagePromptScale,
            SupportsMicroConditioning = false,
        };
    }

    /// <inheritdoc/>
    public BackboneInfo Info { get; }

    /// <inheritdoc/>
    public IImagePromptEncoder ImagePrompt => sdxl.ImagePrompt;

    /// <inheritdoc/>
    public SigmaSchedule CreateSchedule(int steps, ImageSize size) => sdxl.CreateSchedule(steps, size);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The size is not the world's.</exception>
    public torch.Tensor CreateNoise(ImageSize size, long seed, int batch = 1)
    {
        Info.RequireSize(size);
        return sdxl.CreateNoise(size, seed, batch);
    }

    /// <inheritdoc/>
    public void CheckPrompt(string prompt) => Captions.Read(prompt);

    /// <inheritdoc/>
    public TextFeatures EncodeText(IReadOnlyList<string?> prompts)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        return sdxl.EncodeText([.. prompts.Select(static prompt => prompt is null ? null : Captions.Normalize(prompt))]);
    }

    /// <inheritdoc/>
    public Conditioning Condition(TextFeatures text, torch.Tensor? imagePrompt, double imagePromptScale, ImageSize size, MicroConditioning? microConditioning = null) =>
        sdxl.Condition(text, imagePrompt, imagePromptScale, size, microConditioning);

    /// <inheritdoc/>
    public torch.Tensor Derivative(torch.Tensor x, SigmaStep step, Conditioning conditioning) => sdxl.Derivative(x, step, conditioning);

    /// <inheritdoc/>
    public IReadOnlyList<RgbImage> Decode(torch.Tensor x) => sdxl.Decode(x);

    /// <inheritdoc/>
    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload) => sdxl.EstimateStages(workload);

    /// <summary>Frees all networks.</summary>
    public void Dispose() => sdxl.Dispose();
}

using ImgAlign.Runtime;
using ImgAlign.Sampling;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>
/// Passes everything on to a backbone, and keeps what a run of the pipeline makes on the way to its pictures. What is kept belongs to the
/// dispose scope in which this was made.
/// </summary>
/// <param name="inner">The backbone; borrowed.</param>
internal class RecordedBackbone(IDiffusionBackbone inner) : IDiffusionBackbone, IImagePromptEncoder
{
    private readonly RecordedTensors kept = new();
    private readonly List<torch.Tensor> samples = [];
    private torch.Tensor? lastSample;

    public string Name => inner.Name;

    public DeviceRuntime Runtime => inner.Runtime;

    public BackboneInfo Info => inner.Info;

    public IImagePromptEncoder? ImagePrompt => inner.ImagePrompt is null ? null : this;

    /// <summary>The final latents of the last generation, <c>[B, C, h, w]</c>.</summary>
    public torch.Tensor Latents => samples[^1];

    /// <summary>The latents after each step of the last generation, <c>[B, C, h, w]</c>.</summary>
    // with guidance each is there twice
    public IEnumerable<torch.Tensor> LatentsPerStep => samples.Skip(1).Select(sample => sample.narrow(0, 0, Latents.shape[0]));

    /// <summary>The features of the last image prompt.</summary>
    public torch.Tensor? ImageFeatures { get; private set; }

    public ImageSize NearestSize(ImageSize size) => inner.NearestSize(size);

    public void CheckPrompt(string prompt) => inner.CheckPrompt(prompt);

    public IReadOnlyList<UnreadText> FindUnread(string prompt) => inner.FindUnread(prompt);

    public PromptReading ReadPrompt(string prompt, SamplingSettings settings) => inner.ReadPrompt(prompt, settings);

    public void CheckSettings(SamplingSettings settings) => inner.CheckSettings(settings);

    // The first that a generation asks for.
    public IReadOnlyList<long> LatentShape(ImageSize size)
    {
        samples.Clear();
        return inner.LatentShape(size);
    }

    /// <summary>The scheduler that a case gives in place of the model's own; null: none.</summary>
    public SchedulerConfig? Scheduler { get; init; }

    public ISampler? DefaultSampler => Scheduler is null ? inner.DefaultSampler : SchedulerSampler.Of(Scheduler);

    /// <summary>The noise levels of the last generation.</summary>
    public NoiseSchedule? Schedule { get; private set; }

    public virtual NoiseSchedule CreateSchedule(SamplingSettings settings, ImageSize size) =>
        Schedule = Scheduler switch
        {
            null => inner.CreateSchedule(settings, size),
            { IsFlow: true } => new FlowMatchSchedule(Scheduler).Create(
                settings,
                FlowMatchSchedule.ImageTokens(size, FlowTokenCount.Standard)
            ),
            _ => new DiffusionSchedule(Scheduler).Create(settings),
        };

    public IGuidance CreateGuidance(SamplingSettings settings) => inner.CreateGuidance(settings);

    public TextFeatures EncodeText(IReadOnlyList<string?> prompts) => inner.EncodeText(prompts);

    public TextFeatures EncodeText(IReadOnlyList<string?> prompts, SamplingSettings settings, int tokens) =>
        inner.EncodeText(prompts, settings, tokens);

    public virtual Conditioning Condition(
        TextFeatures text,
        torch.Tensor? imagePrompt,
        double imagePromptScale,
        ImageSize size,
        SamplingSettings settings
    ) => inner.Condition(text, imagePrompt, imagePromptScale, size, settings);

    public torch.Tensor Predict(torch.Tensor x, NoiseLevel level, Conditioning conditioning)
    {
        // Branches that run apart are given the same sample.
        if (!ReferenceEquals(x, lastSample))
            samples.Add(kept.Keep(x));
        lastSample = x;
        return inner.Predict(x, level, conditioning);
    }

    /// <summary>The last picture that a generation started from, in its size, and its latents; null: there was none.</summary>
    public (RgbImage Image, torch.Tensor Latents)? Start { get; private set; }

    /// <summary>The sample of the first step of the last generation, <c>[B, C, h, w]</c>.</summary>
    public torch.Tensor FirstSample => samples[0].narrow(0, 0, Latents.shape[0]);

    public bool EncodesPictures => inner.EncodesPictures;

    public torch.Tensor EncodeLatents(RgbImage image, torch.Tensor noise, bool inTiles = false)
    {
        var latents = inner.EncodeLatents(image, noise, inTiles);
        Start = (image, kept.Keep(latents));
        return latents;
    }

    public IReadOnlyList<RgbImage> Decode(torch.Tensor x, bool inTiles = false)
    {
        samples.Add(kept.Keep(x));
        return inner.Decode(x, inTiles);
    }

    public torch.Tensor Encode(IReadOnlyList<RgbImage> images)
    {
        var features = inner.ImagePrompt!.Encode(images);
        ImageFeatures = kept.Keep(features);
        return features;
    }

    public torch.Tensor? EncodeUnconditional() => inner.ImagePrompt!.EncodeUnconditional();

    /// <summary>Owns nothing.</summary>
    public void Dispose() { }
}

using ImgAlign.Alignment;
using ImgAlign.Runtime;
using TorchSharp;

namespace ImgAlign.Tests;

/// <summary>Calls a hook whenever a run calls a model, on the thread that computes: a place to cancel, to throw, or to look.</summary>
/// <param name="inner">The backbone.</param>
/// <param name="hook">Told the name of the method.</param>
/// <param name="decode">Takes the place of the backbone's own <see cref="Decode"/>; null: nothing does.</param>
internal sealed class HookedBackbone(
    IDiffusionBackbone inner,
    Action<string> hook,
    Func<torch.Tensor, IReadOnlyList<RgbImage>>? decode = null
) : IDiffusionBackbone, IImagePromptEncoder, IMemoryFootprint
{
    /// <summary>What the hook is told where the family's own unconditional prompt, or "no image", is encoded.</summary>
    public const string Unconditional = "Unconditional";

    public string Name => inner.Name;
    public DeviceRuntime Runtime => inner.Runtime;
    public BackboneInfo Info => inner.Info;
    public IImagePromptEncoder? ImagePrompt => inner.ImagePrompt is null ? null : this;
    public bool IsDisposed { get; private set; }

    public ImageSize NearestSize(ImageSize size) => inner.NearestSize(size);

    public void CheckPrompt(string prompt) => inner.CheckPrompt(prompt);

    public IReadOnlyList<UnreadText> FindUnread(string prompt) => inner.FindUnread(prompt);

    public PromptReading ReadPrompt(string prompt, SamplingSettings settings) => inner.ReadPrompt(prompt, settings);

    public void CheckSettings(SamplingSettings settings) => inner.CheckSettings(settings);

    public IReadOnlyList<long> LatentShape(ImageSize size) => inner.LatentShape(size);

    public ISampler? DefaultSampler => inner.DefaultSampler;

    public NoiseSchedule CreateSchedule(SamplingSettings settings, ImageSize size) => inner.CreateSchedule(settings, size);

    public IGuidance CreateGuidance(SamplingSettings settings) => inner.CreateGuidance(settings);

    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload) =>
        inner is IMemoryFootprint known ? known.EstimateStages(workload) : [];

    public TextFeatures EncodeText(IReadOnlyList<string?> prompts)
    {
        hook(nameof(EncodeText));
        return inner.EncodeText(prompts);
    }

    public TextFeatures EncodeText(IReadOnlyList<string?> prompts, SamplingSettings settings, int tokens)
    {
        if (prompts.Contains(null))
            hook(Unconditional);
        hook(nameof(EncodeText));
        return inner.EncodeText(prompts, settings, tokens);
    }

    public Conditioning Condition(
        TextFeatures text,
        torch.Tensor? imagePrompt,
        double imagePromptScale,
        ImageSize size,
        SamplingSettings settings
    )
    {
        hook(nameof(Condition));
        return inner.Condition(text, imagePrompt, imagePromptScale, size, settings);
    }

    public torch.Tensor Predict(torch.Tensor x, NoiseLevel level, Conditioning conditioning)
    {
        hook(nameof(Predict));
        return inner.Predict(x, level, conditioning);
    }

    public bool EncodesPictures => inner.EncodesPictures;

    public torch.Tensor EncodeLatents(RgbImage image, torch.Tensor noise, bool inTiles = false) =>
        inner.EncodeLatents(image, noise, inTiles);

    public IReadOnlyList<RgbImage> Decode(torch.Tensor x, bool inTiles = false)
    {
        hook(nameof(Decode));
        return decode is null ? inner.Decode(x, inTiles) : decode(x);
    }

    public torch.Tensor Encode(IReadOnlyList<RgbImage> images)
    {
        hook(nameof(Encode));
        return inner.ImagePrompt!.Encode(images);
    }

    public torch.Tensor? EncodeUnconditional()
    {
        hook(Unconditional);
        return inner.ImagePrompt!.EncodeUnconditional();
    }

    public void Dispose() => IsDisposed = true;
}

/// <inheritdoc cref="HookedBackbone"/>
internal sealed class HookedDetector(IMisalignmentDetector inner, Action<string> hook) : IMisalignmentDetector, IMemoryFootprint
{
    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload) =>
        inner is IMemoryFootprint known ? known.EstimateStages(workload) : [];

    public string Name => inner.Name;
    public DeviceRuntime Runtime => inner.Runtime;
    public int HiddenSize => inner.HiddenSize;

    public void CheckQuestion(string question) => inner.CheckQuestion(question);

    public IReadOnlyList<Detection> Detect(
        IReadOnlyList<DetectionInput> inputs,
        int critiqueTokens = 0,
        CancellationToken cancellationToken = default
    )
    {
        hook(nameof(Detect));
        return inner.Detect(inputs, critiqueTokens, cancellationToken);
    }

    public void Dispose() { }
}

/// <inheritdoc cref="HookedBackbone"/>
internal sealed class HookedAligner(IImplicitAligner inner, Action<string> hook) : IImplicitAligner
{
    public string Name => inner.Name;
    public DeviceRuntime Runtime => inner.Runtime;
    public int DetectorWidth => inner.DetectorWidth;
    public int TokenWidth => inner.TokenWidth;
    public AlignerOrigin? Origin => inner.Origin;

    public torch.Tensor Align(torch.Tensor h, torch.Tensor z, int passes = 3)
    {
        hook(nameof(Align));
        return inner.Align(h, z, passes);
    }

    public void Dispose() { }
}

/// <summary>Cancels at the n-th call of one of the models' methods.</summary>
internal sealed class CancelAtCall(string method, int call) : IDisposable
{
    private readonly CancellationTokenSource cancellation = new();
    private int calls;

    public CancellationToken Token => cancellation.Token;

    /// <summary>The calls that came after the cancellation.</summary>
    public int CallsAfter { get; private set; }

    public void Hook(string called)
    {
        if (cancellation.IsCancellationRequested)
            CallsAfter++;
        else if (called == method && ++calls == call)
            cancellation.Cancel();
    }

    public void Dispose() => cancellation.Dispose();
}

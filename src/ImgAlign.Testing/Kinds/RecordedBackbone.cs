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

    public virtual BackboneInfo Info => inner.Info;

    public IImagePromptEncoder ImagePrompt => this;

    /// <summary>One unconditional prompt for each sample, where a case has different ones.</summary>
    public IReadOnlyList<string?>? Negatives { get; init; }

    /// <summary>The final latents of the last generation, <c>[B, C, h, w]</c>.</summary>
    public torch.Tensor Latents => samples[^1];

    /// <summary>The latents after each step of the last generation, <c>[B, C, h, w]</c>.</summary>
    public IEnumerable<torch.Tensor> LatentsPerStep => samples.Skip(1).Select(sample => sample.narrow(0, 0, Latents.shape[0]));  // with guidance each is there twice

    /// <summary>The features of the last image prompt.</summary>
    public torch.Tensor? ImageFeatures { get; private set; }

    public virtual SigmaSchedule CreateSchedule(int steps, ImageSize size) => inner.CreateSchedule(steps, size);

    public virtual torch.Tensor CreateNoise(ImageSize size, long seed, int batch = 1) => inner.CreateNoise(size, seed, batch);

    public TextFeatures EncodeText(IReadOnlyList<string?> prompts) =>
        inner.EncodeText(Negatives is { } negatives && prompts.Count == 2 * negatives.Count ? [.. negatives, .. prompts.Skip(negatives.Count)] : prompts);

    public virtual Conditioning Condition(TextFeatures text, torch.Tensor? imagePrompt, double imagePromptScale, ImageSize size, MicroConditioning? microConditioning = null) =>
        inner.Condition(text, imagePrompt, imagePromptScale, size, microConditioning);

    public torch.Tensor Derivative(torch.Tensor x, SigmaStep step, Conditioning conditioning)
    {
        if (step.Index == 0) samples.Clear();
        samples.Add(kept.Keep(x));
        return inner.Derivative(x, step, conditioning);
    }

    public IReadOnlyList<RgbImage> Decode(torch.Tensor x)
    {
        samples.Add(kept.Keep(x));
        return inner.Decode(x);
    }

    public torch.Tensor Encode(IReadOnlyList<RgbImage> images)
    {
        var features = inner.ImagePrompt.Encode(images);
        ImageFeatures = kept.Keep(features);
        return features;
    }

    public torch.Tensor EncodeUnconditional() => inner.ImagePrompt.EncodeUnconditional();

    /// <summary>Owns nothing.</summary>
    public void Dispose() { }
}

using ImgAlign.Backbones;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>FLUX with what a case gives in the place of what a user gets: image-prompt features, and a scale for each branch.</summary>
/// <param name="golden">The case.</param>
/// <param name="flux">The backbone; borrowed.</param>
/// <param name="noise">The noise <c>[B, 16, h, w]</c>, for the number of samples; borrowed.</param>
internal sealed class FluxCaseBackbone(GoldenCase golden, FluxBackbone flux, torch.Tensor noise) : RecordedBackbone(flux)
{
    private readonly torch.Tensor? image = golden.Inputs.GetValueOrDefault("image_proj")?.to(noise.device);
    private readonly torch.Tensor? noImage = golden.Inputs.GetValueOrDefault("neg_image_proj")?.to(noise.device);

    /// <summary>The prompt of text and pictures that a case has in the place of an image prompt; null: it has none.</summary>
    public PooledTextFeatures? ReduxPrompt { get; init; }

    // The case's own size may be no multiple of 16.
    public override NoiseSchedule CreateSchedule(SamplingSettings settings, ImageSize size) =>
        base.CreateSchedule(settings, new ImageSize((int)golden.Number("width", size.Width), (int)golden.Number("height", size.Height)));

    public override Conditioning Condition(
        TextFeatures text,
        torch.Tensor? imagePrompt,
        double imagePromptScale,
        ImageSize size,
        SamplingSettings settings
    )
    {
        if (ReduxPrompt is not null)
            return flux.Condition(imagePrompt is null ? text : ReduxPrompt, null, 0, size, settings);
        var batch = (int)noise.shape[0];
        var guided = text.Batch - batch; // the unconditional half, where there is one
        var features = imagePrompt;
        if (features is null && image is not null)
            features =
                guided == 0
                    ? image.expand(batch, -1, -1)
                    : torch.cat([(noImage ?? image).expand(batch, -1, -1), image.expand(batch, -1, -1)]);
        var scale = golden.Number("ip_scale", 1);
        var noImageScale = imagePrompt is null && noImage is null ? 0 : golden.Number("neg_ip_scale", scale);
        return flux.Condition(
            text,
            features,
            [.. Enumerable.Repeat(noImageScale, guided), .. Enumerable.Repeat(scale, batch)],
            size,
            settings
        );
    }
}

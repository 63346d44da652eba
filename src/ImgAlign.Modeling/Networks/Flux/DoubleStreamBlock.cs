using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Flux;

/// <summary>
/// A block with weights of their own for text and image, which meet in the attention (diffusers <c>FluxTransformerBlock</c>). An image prompt
/// is attended to by the image's queries, as they are before rotation, and added at the very end: neither gated nor projected (XLabs
/// <c>IPDoubleStreamBlockProcessor</c>).
/// </summary>
internal sealed class DoubleStreamBlock : nn.Module<Tensor, FluxStep, Tensor>
{
    private readonly int index;

    [ComponentName(Name = "norm1")]
    private readonly FluxModulation modulation;

    [ComponentName(Name = "norm1_context")]
    private readonly FluxModulation textModulation;

    [ComponentName(Name = "attn")]
    private readonly FluxAttention attention;

    [ComponentName(Name = "ff")]
    private readonly FluxFeedForward feedForward;

    [ComponentName(Name = "ff_context")]
    private readonly FluxFeedForward textFeedForward;

    /// <summary>Creates the block; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="index">Which double block it is, from 0.</param>
    /// <param name="device">Where its weights are.</param>
    public DoubleStreamBlock(FluxConfig config, int index, Device device) : base(nameof(DoubleStreamBlock))
    {
        this.index = index;
        modulation = new FluxModulation(config.Width, 2, device);
        textModulation = new FluxModulation(config.Width, 2, device);
        attention = new FluxAttention(config, isDouble: true, device);
        feedForward = new FluxFeedForward(config, device);
        textFeedForward = new FluxFeedForward(config, device);
        RegisterComponents();
    }

    /// <summary>Runs the block.</summary>
    /// <param name="x">Text tokens, then image tokens, <c>[B, L + N, w]</c>.</param>
    /// <param name="step">What the blocks share.</param>
    /// <returns>The same shape.</returns>
    public override Tensor forward(Tensor x, FluxStep step)
    {
        using var scope = NewDisposeScope();
        var (shared, textLength) = (step.Conditioning, step.Conditioning.TextLength);
        var (text, image) = Part(x);
        var (textAround, imageAround) = (textModulation.Of(step), modulation.Of(step));

        var imageProjections = attention.Project(imageAround[0].Enter(image));
        var attended = attention.ProjectText(textAround[0].Enter(text)).Concat(imageProjections).Attend(shared.Rotations);  // [B, L + N, w]
        var (attendedText, attendedImage) = Part(attended);
        text = textAround[0].Leave(text, attention.OutputText(attendedText));
        image = imageAround[0].Leave(image, attention.Output(attendedImage));

        text = textAround[1].Leave(text, textFeedForward.call(textAround[1].Enter(text)));
        image = imageAround[1].Leave(image, feedForward.call(imageAround[1].Enter(image)));
        if (shared.ImagePrompt is { } imagePrompt) image = image.Plus(imageProjections.AttendTo(imagePrompt[index]));
        return cat([text, image], 1).MoveToOuterDisposeScope();

        (Tensor Text, Tensor Image) Part(Tensor both) => (both.narrow(1, 0, textLength), both.narrow(1, textLength, both.shape[1] - textLength));
    }
}

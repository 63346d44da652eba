using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Clip;

/// <summary>
/// Patches, the class token in front of them where there is one, and positions: pixels <c>[B, 3, S, S]</c> to <c>[B, N, w]</c>. Pixels
/// right of and below the last whole patch are not read.
/// </summary>
internal sealed class ClipVisionEmbeddings : nn.Module<Tensor, Tensor>, IParameterHolder
{
    private readonly ClipVisionConfig config;

    [ComponentName(Name = "class_embedding")]
    private Parameter? classEmbedding;

    [ComponentName(Name = "patch_embedding")]
    private readonly Convolution2d patches;

    [ComponentName(Name = "position_embedding")]
    private readonly EmbeddingTable positions;

    public ClipVisionEmbeddings(ClipVisionConfig config, Device device)
        : base(nameof(ClipVisionEmbeddings))
    {
        this.config = config;
        classEmbedding = config.HasClassToken ? new Parameter(empty([config.HiddenSize], device: device), requires_grad: false) : null;
        patches = new Convolution2d(
            config.NumChannels,
            config.HiddenSize,
            config.PatchSize,
            device,
            stride: config.PatchSize,
            hasBias: config.HasPatchBias
        );
        positions = new EmbeddingTable(config.Tokens, config.HiddenSize, device);
        RegisterComponents();
    }

    /// <summary>Where its weights are.</summary>
    public Device Device => positions.Weight.device;

    public override Tensor forward(Tensor pixels)
    {
        if (
            pixels.shape is not [_, var channels, var height, var width]
            || channels != config.NumChannels
            || height != config.ImageSize
            || width != config.ImageSize
        )
            throw new ArgumentException(
                $"Pixels have shape [{string.Join(", ", pixels.shape)}] but this image encoder takes [B, {config.NumChannels}, "
                    + $"{config.ImageSize}, {config.ImageSize}].",
                nameof(pixels)
            );
        using var scope = NewDisposeScope();
        var tokens = patches.call(pixels.to(positions.Weight.dtype)).flatten(2).transpose(1, 2); // [B, patches, w]
        if (classEmbedding is not null)
            tokens = cat([classEmbedding.expand(pixels.shape[0], 1, -1), tokens], 1);
        var places = TensorMath.Range(config.Tokens, device: pixels.device).unsqueeze(0);
        return tokens.Plus(positions.call(places)).MoveToOuterDisposeScope();
    }

    void IParameterHolder.Assign(string name, Parameter value)
    {
        classEmbedding?.Dispose();
        classEmbedding = value;
        ConditionallyRegisterParameter(name, value);
    }
}

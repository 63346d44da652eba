using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Embedding = ImgAlign.Networks.Layers.Embedding;

namespace ImgAlign.Networks.Clip;

/// <summary>Patches, the class token in front of them, and positions: pixels <c>[B, 3, S, S]</c> to <c>[B, 1 + patches, w]</c>.</summary>
internal sealed class ClipVisionEmbeddings : nn.Module<Tensor, Tensor>, IParameterHolder
{
    private readonly ClipVisionConfig config;

    [ComponentName(Name = "class_embedding")]
    private Parameter classEmbedding;

    [ComponentName(Name = "patch_embedding")]
    private readonly Convolution2d patches;

    [ComponentName(Name = "position_embedding")]
    private readonly Embedding positions;

    public ClipVisionEmbeddings(ClipVisionConfig config, Device device) : base(nameof(ClipVisionEmbeddings))
    {
        this.config = config;
        classEmbedding = new Parameter(empty([config.HiddenSize], device: device), requires_grad: false);
        patches = new Convolution2d(config.NumChannels, config.HiddenSize, config.PatchSize, device, stride: config.PatchSize, hasBias: false);
        positions = new Embedding(config.Patches + 1, config.HiddenSize, device);
        RegisterComponents();
    }

    /// <summary>Where its weights are.</summary>
    public Device Device => classEmbedding.device;

    public override Tensor forward(Tensor pixels)
    {
        if (pixels.shape is not [_, var channels, var height, var width] || channels != config.NumChannels || height != config.ImageSize || width != config.ImageSize)
            throw new ArgumentException($"Pixels have shape [{string.Join(", ", pixels.shape)}] but this image encoder takes [B, {config.NumChannels}, {config.ImageSize}, {config.ImageSize}].", nameof(pixels));
        using var scope = NewDisposeScope();
        var patchTokens = patches.call(pixels.to(classEmbedding.dtype)).flatten(2).transpose(1, 2);  // [B, patches, w]
        var classToken = classEmbedding.expand(pixels.shape[0], 1, -1);  // [B, 1, w]
        var places = TensorMath.Range(config.Patches + 1, device: pixels.device).unsqueeze(0);
        return cat([classToken, patchTokens], 1).Plus(positions.call(places)).MoveToOuterDisposeScope();
    }

    void IParameterHolder.Assign(string name, Parameter value)
    {
        classEmbedding.Dispose();
        classEmbedding = value;
        ConditionallyRegisterParameter(name, value);
    }
}

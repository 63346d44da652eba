using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Flux;

/// <summary>An image's embedding <c>[B, D]</c> to image-prompt tokens <c>[B, n, d]</c> (XLabs <c>ImageProjModel</c>).</summary>
public sealed class FluxImageProjection : nn.Module<Tensor, Tensor>
{
    private const string Prefix = "ip_adapter_proj_model.";

    [ComponentName(Name = "proj")]
    private readonly CompactLinear projection;

    [ComponentName(Name = "norm")]
    private readonly LayerNorm norm;

    public FluxImageProjection(int inputs, int tokens, int width, Device device)
        : base(nameof(FluxImageProjection))
    {
        (InputWidth, Tokens, Width) = (inputs, tokens, width);
        projection = new CompactLinear(inputs, tokens * width, hasBias: true, device);
        norm = nn.LayerNorm(width, device: device);
        RegisterComponents();
    }

    /// <summary>The width of an embedding, D.</summary>
    public int InputWidth { get; }

    /// <summary>The number of tokens, n.</summary>
    public int Tokens { get; }

    /// <summary>The width of a token, d.</summary>
    public int Width { get; }

    /// <summary>Creates the network that <c>ip_adapter.safetensors</c> holds, on the meta device.</summary>
    /// <param name="checkpoint">The file; no data is read.</param>
    /// <exception cref="CheckpointException">It holds no such network.</exception>
    public static FluxImageProjection FromShapes(Checkpoint checkpoint)
    {
        var (inputs, tokens, width) = ReadSizes(checkpoint);
        return new FluxImageProjection(inputs, tokens, width, META);
    }

    /// <summary>The sizes of the network that <c>ip_adapter.safetensors</c> holds.</summary>
    public static (int InputWidth, int Tokens, int Width) ReadSizes(Checkpoint checkpoint)
    {
        if (
            checkpoint.Tensors.GetValueOrDefault(Prefix + "norm.weight")?.Shape is not [> 0 and var width]
            || checkpoint.Tensors.GetValueOrDefault(Prefix + "proj.weight")?.Shape is not [var outputs, var inputs]
            || outputs % width != 0
        )
            throw new CheckpointException(
                checkpoint.Source,
                $"and its norm are missing or do not fit each other; is this XLabs' image prompt for FLUX (ip_adapter.safetensors)?",
                Prefix + "proj.weight"
            );
        return ((int)inputs, (int)(outputs / width), (int)width);
    }

    /// <summary>The names in the published file, next to those of the adapter.</summary>
    public static WeightMap Weights { get; } = WeightMap.Prefixed(Prefix);

    /// <inheritdoc/>
    public override Tensor forward(Tensor imageEmbeds)
    {
        TensorDevice.Require(this, projection.Weight.device, imageEmbeds);
        using var scope = NewDisposeScope();
        return norm.call(projection.call(imageEmbeds).view(-1, Tokens, Width)).MoveToOuterDisposeScope();
    }
}

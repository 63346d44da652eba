using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Clip;

/// <summary>The blocks of either tower, of which the last is run apart: the features that are used most are those before it.</summary>
internal sealed class ClipEncoder : nn.Module
{
    private readonly int depth;

    [ComponentName(Name = "layers")]
    private readonly ModuleList<ClipEncoderLayer> layers;

    /// <summary>Creates the blocks.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="causal">Whether a token sees only those before it.</param>
    /// <param name="hasLast">Whether the last block is there.</param>
    /// <param name="device">Where the weights are.</param>
    public ClipEncoder(ClipTowerConfig config, bool causal, bool hasLast, Device device) : base(nameof(ClipEncoder))
    {
        depth = config.NumHiddenLayers;
        layers = nn.ModuleList<ClipEncoderLayer>([.. Enumerable.Range(0, hasLast ? depth : depth - 1).Select(_ => new ClipEncoderLayer(config, causal, device))]);
        RegisterComponents();
    }

    /// <summary>Runs all blocks but the last: <c>hidden_states[-2]</c>.</summary>
    public Tensor RunToPenultimate(Tensor embeddings)
    {
        var x = embeddings.alias();
        foreach (var layer in layers.Take(depth - 1)) x = layer.Consume(x);
        return x;
    }

    /// <summary>Runs the last block.</summary>
    public Tensor RunLast(Tensor penultimate) => layers[depth - 1].call(penultimate);
}

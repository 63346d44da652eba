using ImgAlign.Networks.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Linear = ImgAlign.Networks.Layers.Linear;

namespace ImgAlign.Networks.Qwen;

/// <summary>The patches of a merged cell become one position of the language model (transformers Qwen2_5_VLPatchMerger): <c>[P, w]</c> to <c>[P/4, D]</c>.</summary>
internal sealed class QwenPatchMerger : nn.Module<Tensor, Tensor>
{
    private readonly long cellWidth;

    [ComponentName(Name = "ln_q")]
    private readonly RmsNorm norm;

    [ComponentName(Name = "mlp")]
    private readonly Sequential mlp;

    public QwenPatchMerger(QwenVisionConfig config, Device device) : base(nameof(QwenPatchMerger))
    {
        cellWidth = (long)config.CellPatches * config.HiddenSize;
        norm = new RmsNorm(config.HiddenSize, QwenVisionModel.NormEpsilon, device);
        mlp = nn.Sequential(
            ("0", new Linear(cellWidth, cellWidth, hasBias: true, device)),
            ("1", nn.GELU()),
            ("2", new Linear(cellWidth, config.OutHiddenSize, hasBias: true, device)));
        RegisterComponents();
    }

    /// <summary>The norm's weight, which is where the network runs and of the type in which it does.</summary>
    public Tensor NormWeight => norm.Weight;

    public override Tensor forward(Tensor patches)
    {
        using var scope = NewDisposeScope();
        return mlp.call(norm.call(patches).view(-1, cellWidth)).MoveToOuterDisposeScope();
    }
}

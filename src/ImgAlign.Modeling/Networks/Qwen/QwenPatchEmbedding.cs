using ImgAlign.Networks.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Qwen;

/// <summary>
/// From a patch's pixels to its state. A convolution whose kernel is a whole patch is a product
/// (transformers Qwen2_5_VisionPatchEmbed): <c>[P, pixels]</c> to <c>[P, w]</c>.
/// </summary>
internal sealed class QwenPatchEmbedding : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "proj")]
    private readonly Linear proj;

    public QwenPatchEmbedding(QwenVisionConfig config, Device device) : base(nameof(QwenPatchEmbedding))
    {
        proj = new Linear(config.PatchWidth, config.HiddenSize, hasBias: false, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor patches) => proj.call(patches);
}

using ImgAlign.Checkpoints;
using TorchSharp;

namespace ImgAlign.Training.Detector;

/// <summary>A checkpoint some of whose tensors are replaced by trained ones, in the type of the original.</summary>
internal sealed class TunedCheckpoint(Checkpoint original, IReadOnlyDictionary<string, Func<torch.Tensor>> tuned) : Checkpoint
{
    public override string Source => original.Source;

    public override IReadOnlyDictionary<string, TensorInfo> Tensors => original.Tensors;

    public override torch.Tensor Read(string name)
    {
        if (!tuned.TryGetValue(name, out var read))
            return original.Read(name);
        using var weight = read();
        return weight.detach().cpu().to(original.Tensors[name].Type);
    }
}

using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Copies of tensors that come by on any thread; they belong to the dispose scope in which this was made, whose thread waits
/// meanwhile.</summary>
internal sealed class RecordedTensors
{
    private readonly DisposeScope? scope = torch.CurrentDisposeScope;

    /// <summary>A copy that stays.</summary>
    public torch.Tensor Keep(torch.Tensor tensor)
    {
        var copy = tensor.clone().DetachFromDisposeScope();
        scope?.Attach(copy);
        return copy;
    }
}

using TorchSharp;

namespace ImgAlign.Runtime;

/// <summary>The right to compute with a network that is on the device; dispose it when done.</summary>
/// <typeparam name="T">The network.</typeparam>
public sealed class ModelLease<T> : IDisposable
    where T : torch.nn.Module
{
    private Action? release;

    internal ModelLease(T model, Action release)
    {
        Model = model;
        this.release = release;
    }

    /// <summary>The network; not to be used or kept beyond the lease.</summary>
    public T Model { get; }

    /// <summary>Gives the network back; its slot decides what becomes of it.</summary>
    public void Dispose()
    {
        release?.Invoke();
        release = null;
    }
}

using ImgAlign.Checkpoints;
using TorchSharp;

namespace ImgAlign.Runtime;

/// <summary>
/// A network that is given its weights on first use and then stays, waits in host memory, or is released, as the runtime's
/// <see cref="ResidencyPolicy"/> says. Used on the device's worker thread only; it may be disposed on any.
/// </summary>
/// <typeparam name="T">The network. It has parameters only: buffers are not moved.</typeparam>
public sealed class ModelSlot<T> : IDisposable, IResident where T : torch.nn.Module
{
    private readonly DeviceRuntime runtime;
    private readonly ModelSource<T> source;
    private readonly T network;
    private readonly Dictionary<string, torch.Tensor> hostWeights = [];
    private readonly Lock changing = new();  // held while weights come or go
    private int leases;
    private bool isDisposed;

    /// <summary>Makes a slot; reads no weights, and cannot fail.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="source">The network and where its weights are.</param>
    /// <param name="type">The type to run in; null: the runtime's.</param>
    public ModelSlot(DeviceRuntime runtime, ModelSource<T> source, torch.ScalarType? type = null)
    {
        (this.runtime, this.source) = (runtime, source);
        Type = type ?? runtime.Type;
        network = source.Create();
        network.eval();
        runtime.Residency.Add(this);
    }

    /// <summary>The stage in messages.</summary>
    public string Name => source.Name;

    /// <summary>The type that it runs in.</summary>
    public torch.ScalarType Type { get; }

    /// <summary>The size of its weights on the device.</summary>
    public long WeightBytes => source.Elements * ElementBytes(Type);

    /// <summary>Whether it has its weights, on the device or in host memory.</summary>
    public bool IsLoaded { get; private set; }

    /// <summary>Whether its weights are on the device.</summary>
    public bool IsOnDevice { get; private set; }

    bool IResident.IsInUse => leases > 0;

    long IResident.DeviceBytes => IsOnDevice ? WeightBytes : 0;

    private bool WaitsInHostMemory => runtime.Policy == ResidencyPolicy.OffloadToHost && runtime.Device.type != DeviceType.CPU;

    /// <summary>Brings the network to the device, after others have made room for it; it stays there at least until the lease is disposed.</summary>
    /// <exception cref="ImgAlignException">The weights cannot be read.</exception>
    public ModelLease<T> Use()
    {
        runtime.Residency.Enter(this);
        lock (changing)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            OrRelease(() =>
            {
                Load();
                MoveToDevice();
            });
            leases++;
        }
        return new ModelLease<T>(network, Return);
    }

    /// <summary>Frees the network, once nobody computes with it; the slot is of no further use.</summary>
    public void Dispose()
    {
        runtime.Residency.Remove(this);
        lock (changing)
        {
            isDisposed = true;
            if (leases == 0) Free();
        }
    }

    void IResident.WarmUp()
    {
        if (runtime.Policy == ResidencyPolicy.LoadOnDemand) return;
        lock (changing)
        {
            if (!isDisposed) OrRelease(Load);
        }
    }

    void IResident.Evict()
    {
        lock (changing)
        {
            if (isDisposed || !IsOnDevice) return;
            if (WaitsInHostMemory) MoveToHost();
            else if (runtime.Policy == ResidencyPolicy.LoadOnDemand) Release();
        }
    }

    void IResident.Unload()
    {
        lock (changing)
        {
            if (!isDisposed && IsLoaded) Release();
        }
    }

    private void Return()
    {
        lock (changing)
        {
            leases--;
            if (isDisposed && leases == 0) Free();
        }
    }

    private void Free()
    {
        FreeHostWeights();
        network.Dispose();
        IsLoaded = IsOnDevice = false;
    }

    private void Load()
    {
        if (IsLoaded) return;
        // In host memory weights keep the file's type, so that they can stay a view of the mapped file.
        if (WaitsInHostMemory) source.Bind(network, null, torch.CPU);
        else source.Bind(network, Type, runtime.Device);
        IsLoaded = true;
        IsOnDevice = !WaitsInHostMemory;
    }

    private void MoveToDevice()
    {
        if (IsOnDevice) return;
        Exchange((path, host) =>
        {
            hostWeights.Add(path, host.detach().DetachFromDisposeScope());
            return host.to(Type).to(runtime.Device);
        });
        IsOnDevice = true;
    }

    // Device weights are never copied back: nothing changes them, and the host still has its own.
    private void MoveToHost()
    {
        Exchange((path, _) => hostWeights[path].alias());
        FreeHostWeights();
        IsOnDevice = false;
    }

    // A network that is loaded or moved in part is of no use: the next attempt begins anew.
    private void OrRelease(Action bring)
    {
        try
        {
            bring();
        }
        catch
        {
            Release();
            throw;
        }
    }

    private void Release()
    {
        FreeHostWeights();
        Exchange((_, parameter) => torch.empty(parameter.shape, dtype: parameter.dtype, device: torch.META));
        IsLoaded = IsOnDevice = false;
    }

    private void FreeHostWeights()
    {
        foreach (var weight in hostWeights.Values) weight.Dispose();
        hostWeights.Clear();
    }

    // One by one, so that never more than one parameter is there twice.
    private void Exchange(Func<string, torch.Tensor, torch.Tensor> replace)
    {
        using var noGrad = torch.no_grad();
        foreach (var (path, owner, name, parameter) in ModuleParameters.Enumerate(network).ToList())
        {
            using var scope = torch.NewDisposeScope();
            ModuleParameters.Assign(owner, name, replace(path, parameter));
        }
    }

    private static long ElementBytes(torch.ScalarType type) => type is torch.ScalarType.Float16 or torch.ScalarType.BFloat16 ? 2 : 4;
}

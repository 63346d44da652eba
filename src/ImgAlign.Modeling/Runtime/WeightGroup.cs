using ImgAlign.Checkpoints;
using TorchSharp;

namespace ImgAlign.Runtime;

/// <summary>Weights of a network that come to the device, and leave it, together: all of them, those of one block, or those outside of all
/// blocks.</summary>
/// <param name="runtime">The device.</param>
/// <param name="type">The type that the network runs in.</param>
/// <param name="layers">The layers that own the weights.</param>
/// <param name="bind">Gives these layers their weights on a device, and says whether those that can stay views of a file do so.</param>
internal sealed class WeightGroup(
    DeviceRuntime runtime,
    torch.ScalarType type,
    IReadOnlyList<torch.nn.Module> layers,
    Action<torch.Device, bool> bind
)
{
    private readonly Dictionary<(torch.nn.Module Layer, string Name), torch.Tensor> hostWeights = [];

    /// <summary>Whether the weights are there, on the device or in host memory.</summary>
    public bool IsLoaded { get; private set; }

    /// <summary>Whether they are on the device.</summary>
    public bool IsOnDevice { get; private set; }

    /// <summary>What they take on the device.</summary>
    public long Bytes { get; } = BytesOf(layers, type);

    /// <summary>What the weights of layers take in a type.</summary>
    public static long BytesOf(IEnumerable<torch.nn.Module> layers, torch.ScalarType type) =>
        layers.SelectMany(ModuleParameters.OfLayer).Sum(parameter => parameter.Value.numel() * ElementBytes(parameter, type));

    /// <summary>Brings them to where they wait for their use.</summary>
    public void Load() =>
        OrRelease(() =>
        {
            if (IsLoaded)
                return;
            // What is a view of a mapped file takes no host memory, whatever type it has.
            bind(runtime.OffloadsToHost ? torch.CPU : runtime.Device, runtime.OffloadsToHost);
            IsLoaded = true;
            IsOnDevice = !runtime.OffloadsToHost;
        });

    /// <summary>Brings them to the device.</summary>
    public void Bring()
    {
        Load();
        if (!IsOnDevice)
            OrRelease(MoveToDevice);
    }

    /// <summary>Takes them out of device memory, to where the policy says.</summary>
    public void Evict()
    {
        if (!IsOnDevice)
            return;
        if (runtime.OffloadsToHost)
            MoveToHost();
        else if (runtime.ReleasesUnused)
            Release();
    }

    /// <summary>Frees them wherever they are.</summary>
    public void Release()
    {
        FreeHostWeights();
        Exchange(parameter => torch.empty(parameter.Value.shape, dtype: parameter.Value.dtype, device: torch.META));
        IsLoaded = IsOnDevice = false;
    }

    /// <summary>The network is about to be disposed: frees what is in host memory beside it.</summary>
    public void Abandon()
    {
        FreeHostWeights();
        IsLoaded = IsOnDevice = false;
    }

    private void FreeHostWeights()
    {
        foreach (var weight in hostWeights.Values)
            weight.Dispose();
        hostWeights.Clear();
    }

    private void MoveToDevice()
    {
        Exchange(parameter =>
        {
            var host = parameter.Value;
            hostWeights.Add((parameter.Owner, parameter.Name), host.detach().DetachFromDisposeScope());
            if (parameter.HasOwnType)
                return host.to(runtime.Device);
            // What is copied is the narrower of the two.
            return host.element_size() < ElementBytes(parameter, type)
                ? host.to(runtime.Device).to(type)
                : host.to(type).to(runtime.Device);
        });
        IsOnDevice = true;
    }

    // Device weights are never copied back: nothing changes them, and the host still has its own.
    private void MoveToHost()
    {
        Exchange(parameter => hostWeights[(parameter.Owner, parameter.Name)].alias());
        FreeHostWeights();
        IsOnDevice = false;
    }

    // Weights that are loaded or moved in part are of no use: the next attempt begins anew.
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

    // One by one, so that never more than one parameter is there twice.
    private void Exchange(Func<NetworkParameter, torch.Tensor> replace)
    {
        using var noGrad = torch.no_grad();
        foreach (var parameter in layers.SelectMany(ModuleParameters.OfLayer).ToList())
        {
            using var scope = torch.NewDisposeScope();
            ModuleParameters.Assign(parameter.Owner, parameter.Name, replace(parameter));
        }
    }

    private static long ElementBytes(NetworkParameter parameter, torch.ScalarType type) =>
        parameter.HasOwnType ? parameter.Value.element_size()
        : type is torch.ScalarType.Float16 or torch.ScalarType.BFloat16 ? 2
        : 4;
}

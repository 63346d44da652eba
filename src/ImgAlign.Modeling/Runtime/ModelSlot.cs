using ImgAlign.Checkpoints;
using TorchSharp;

namespace ImgAlign.Runtime;

/// <summary>
/// A network that is given its weights on first use and then stays, waits in host memory, or is released, as the runtime's
/// <see cref="ResidencyPolicy"/> says. Used on the device's worker thread only.
/// </summary>
/// <typeparam name="T">The network. It has parameters only: buffers are not moved.</typeparam>
public sealed class ModelSlot<T> : IDisposable, IResident
    where T : torch.nn.Module
{
    private readonly DeviceRuntime runtime;
    private readonly ModelSource<T> source;
    private readonly T network;
    private readonly WeightGroup resident; // what is on the device as long as the network is in use
    private readonly List<WeightGroup> streamed = []; // blocks, each of which comes and goes with its turn
    private readonly long expandedBytes;
    private readonly Lock changing = new(); // held while weights come or go
    private NetworkWeights? weights; // open while blocks come and go
    private int leases;
    private bool isDisposed;

    /// <summary>Makes a slot; reads no weights, and cannot fail.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="source">The network and where its weights are.</param>
    /// <param name="type">The type to run in; null: the runtime's.</param>
    /// <param name="storage">How the weights of its linear layers are kept.</param>
    public ModelSlot(
        DeviceRuntime runtime,
        ModelSource<T> source,
        torch.ScalarType? type = null,
        WeightStorage storage = WeightStorage.AsStored
    )
    {
        (this.runtime, this.source) = (runtime, source);
        Type = type ?? runtime.Type;
        network = source.Create();
        network.eval();
        var layers = ModuleParameters.LayersOf(network);
        foreach (var parameter in ModuleParameters.Enumerate(network).Where(static parameter => parameter.IsWeight).ToList())
            ((ICompactLayer)parameter.Owner).Keep(source.FormOf(parameter.Path, storage));
        WeightBytes = WeightGroup.BytesOf(layers, Type);
        // One weight at a time is there in the type that it is computed with, too.
        expandedBytes = layers
            .OfType<ICompactLayer>()
            .Select(layer => layer.Form?.ExpandingBytes(layer.WeightShape[0] * layer.WeightShape[1], Type, runtime.Device) ?? 0)
            .DefaultIfEmpty()
            .Max();

        var sequences = network
            .named_modules()
            .Select(pair => pair.module)
            .Prepend(network)
            .OfType<IBlockNetwork>()
            .Select(owner => owner.Blocks)
            .Distinct()
            .ToList();
        var blocks = sequences.SelectMany(sequence => sequence.Modules).ToDictionary(block => block, ModuleParameters.LayersOf);
        var outside = layers.Except(blocks.Values.SelectMany(block => block)).ToList();
        StreamedWeightBytes =
            WeightGroup.BytesOf(outside, Type) + blocks.Values.Select(block => WeightGroup.BytesOf(block, Type)).DefaultIfEmpty().Max();

        var streams = runtime.Residency.Policy == ResidencyPolicy.StreamBlocks;
        resident = Group(streams ? outside : layers, isStreamed: false);
        foreach (var sequence in streams ? sequences : [])
        {
            sequence.Groups = [.. sequence.Modules.Select(block => Group(blocks[block], isStreamed: true))];
            streamed.AddRange(sequence.Groups);
        }
        runtime.Residency.Add(this);
    }

    /// <summary>The stage in messages.</summary>
    public string Name => source.Name;

    /// <summary>The type that it runs in.</summary>
    public torch.ScalarType Type { get; }

    /// <summary>Bytes of one of its activations.</summary>
    public int ElementBytes => Type == torch.float32 ? 4 : 2;

    /// <summary>The size of its weights on the device.</summary>
    public long WeightBytes { get; }

    /// <summary>The size of its weights that are on the device at the same time under <see cref="ResidencyPolicy.StreamBlocks"/>.</summary>
    public long StreamedWeightBytes { get; }

    /// <summary>Whether it has its weights, on the device or in host memory.</summary>
    public bool IsLoaded => resident.IsLoaded;

    /// <summary>Whether its weights are on the device, but for blocks that come and go.</summary>
    public bool IsOnDevice => resident.IsOnDevice;

    bool IResident.IsInUse => leases > 0;

    long IResident.DeviceBytes => Groups.Where(group => group.IsOnDevice).Sum(group => group.Bytes);

    private IEnumerable<WeightGroup> Groups => streamed.Prepend(resident);

    /// <summary>Brings the network to the device, after others have made room for it; it stays there at least until the lease is
    /// disposed.</summary>
    /// <exception cref="ImgAlignException">The weights cannot be read.</exception>
    public ModelLease<T> Use()
    {
        runtime.Residency.Enter(this);
        lock (changing)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            resident.Bring();
            leases++;
        }
        return new ModelLease<T>(network, Return);
    }

    /// <summary>What a stage needs that consists of this network.</summary>
    /// <param name="activationBytes">An upper estimate of what a forward pass needs beside the weights.</param>
    /// <param name="otherWeightBytes">Weights of further networks that are on the device at the same time.</param>
    public StageFootprint Footprint(long activationBytes, long otherWeightBytes = 0) =>
        new(Name, WeightBytes + otherWeightBytes, activationBytes + expandedBytes, StreamedWeightBytes + otherWeightBytes);

    /// <summary>Frees the network, once nobody computes with it; the slot is of no further use.</summary>
    public void Dispose()
    {
        runtime.Residency.Remove(this);
        lock (changing)
        {
            isDisposed = true;
            if (leases == 0)
                Free();
        }
    }

    void IResident.WarmUp()
    {
        if (!runtime.ReleasesUnused)
            ForEachGroup(static group => group.Load());
    }

    void IResident.Evict()
    {
        if (!IsOnDevice)
            return;
        ForEachGroup(static group => group.Evict(), closesWeights: true);
        if (runtime.ReleasesUnused)
            NativeHeap.Trim();
    }

    void IResident.Unload()
    {
        if (!IsLoaded)
            return;
        ForEachGroup(
            static group =>
            {
                if (group.IsLoaded)
                    group.Release();
            },
            closesWeights: true
        );
        NativeHeap.Trim();
    }

    void IResident.RequireFiniteWeights()
    {
        using var files = source.Open(network);
        files.RequireFinite(Type);
    }

    private void ForEachGroup(Action<WeightGroup> change, bool closesWeights = false)
    {
        lock (changing)
        {
            if (isDisposed)
                return;
            foreach (var group in Groups)
                change(group);
            if (closesWeights)
                CloseWeights();
        }
    }

    private void Return()
    {
        lock (changing)
        {
            leases--;
            if (isDisposed && leases == 0)
                Free();
        }
    }

    private void Free()
    {
        foreach (var group in Groups)
            group.Abandon();
        CloseWeights();
        network.Dispose();
    }

    private WeightGroup Group(IReadOnlyList<torch.nn.Module> layers, bool isStreamed)
    {
        var wanted = layers.ToHashSet();
        return new WeightGroup(runtime, Type, layers, (device, keepsViews) => Bind(wanted, device, keepsViews, isStreamed));
    }

    private void Bind(HashSet<torch.nn.Module> layers, torch.Device device, bool keepsViews, bool isStreamed)
    {
        weights ??= source.Open(network);
        var elements = ModuleParameters
            .Enumerate(network)
            .Where(parameter => !parameter.IsDerived && layers.Contains(parameter.Owner))
            .Sum(static parameter => parameter.ElementCount);
        var progress = new LoadProgress(runtime, Name, WeightGroup.BytesOf(layers, Type), elements, isStreamed);
        try
        {
            weights.Bind(Type, device, keepsViews, layers.Contains, progress.Add);
        }
        finally
        {
            if (streamed.Count == 0)
                CloseWeights();
        }
    }

    private void CloseWeights()
    {
        weights?.Dispose();
        weights = null;
    }
}

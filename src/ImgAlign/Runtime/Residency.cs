namespace ImgAlign.Runtime;

/// <summary>A network as the book-keeping sees it.</summary>
internal interface IResident
{
    /// <summary>Whether someone is computing with it.</summary>
    bool IsInUse { get; }

    /// <summary>The device memory that its weights take now.</summary>
    long DeviceBytes { get; }

    /// <summary>Brings it to where the policy lets it wait before its first use.</summary>
    void WarmUp();

    /// <summary>Takes it out of device memory, to where the policy says.</summary>
    void Evict();

    /// <summary>Releases it wherever it is.</summary>
    void Unload();
}

/// <summary>The book-keeping of one device: makes room when a network enters. Used on the device's worker thread only.</summary>
internal sealed class Residency(ResidencyPolicy policy)
{
    private readonly List<IResident> residents = [];

    public ResidencyPolicy Policy => policy;

    public long DeviceBytes => residents.Sum(static resident => resident.DeviceBytes);

    public void Add(IResident resident) => residents.Add(resident);

    public void Remove(IResident resident) => residents.Remove(resident);

    /// <summary>Makes room for a network: all others that are not in use leave, unless everything is kept.</summary>
    public void Enter(IResident entering)
    {
        if (policy == ResidencyPolicy.KeepAll) return;
        foreach (var resident in residents)
        {
            if (resident != entering && !resident.IsInUse) resident.Evict();
        }
    }

    /// <summary>A generation is over: nothing stays on the device that the policy does not keep there.</summary>
    public void Leave()
    {
        if (policy == ResidencyPolicy.KeepAll) return;
        foreach (var resident in residents.Where(resident => !resident.IsInUse)) resident.Evict();
    }

    public void WarmUp() => residents.ForEach(static resident => resident.WarmUp());

    public void Unload() => residents.ForEach(static resident => resident.Unload());
}

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

    /// <summary>Reads the files of its weights again, and throws for the first number that is not finite.</summary>
    /// <exception cref="Checkpoints.CheckpointException">There is one; the message names file and tensor.</exception>
    void RequireFiniteWeights();
}

/// <summary>
/// The book-keeping of one device: makes room when a network enters. Networks come and go on any thread; all else happens on the device's
/// worker thread.
/// </summary>
internal sealed class Residency(ResidencyPolicy policy)
{
    private readonly Lock changing = new();
    private volatile IResident[] residents = [];  // replaced as a whole, so that the worker may be reading it

    public ResidencyPolicy Policy => policy;

    public int Count => residents.Length;

    public long DeviceBytes => residents.Sum(static resident => resident.DeviceBytes);

    public void Add(IResident resident)
    {
        lock (changing) residents = [.. residents, resident];
    }

    public void Remove(IResident resident)
    {
        lock (changing) residents = [.. residents.Where(other => other != resident)];
    }

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

    public void WarmUp() => Array.ForEach(residents, static resident => resident.WarmUp());

    public void Unload() => Array.ForEach(residents, static resident => resident.Unload());
}

namespace ImgAlign.Runtime;

/// <summary>
/// The book-keeping of one device: makes room when a network enters. Networks come and go on any thread; all else happens on the device's
/// worker thread.
/// </summary>
public sealed class Residency
{
    private readonly ResidencyPolicy policy;
    private readonly Lock changing = new();
    private volatile IResident[] residents = []; // replaced as a whole, so that the worker may be reading it

    internal Residency(ResidencyPolicy policy) => this.policy = policy;

    /// <summary>Which networks are in the device's memory at the same time.</summary>
    public ResidencyPolicy Policy => policy;

    internal int Count => residents.Length;

    internal long DeviceBytes => residents.Sum(static resident => resident.DeviceBytes);

    /// <summary>A network is there from now on.</summary>
    /// <param name="resident">The network.</param>
    public void Add(IResident resident)
    {
        lock (changing)
            residents = [.. residents, resident];
    }

    /// <summary>A network is no longer there.</summary>
    /// <param name="resident">The network.</param>
    public void Remove(IResident resident)
    {
        lock (changing)
            residents = [.. residents.Where(other => other != resident)];
    }

    /// <summary>Makes room for a network: all others that are not in use leave, unless everything is kept.</summary>
    /// <param name="entering">The network.</param>
    public void Enter(IResident entering)
    {
        if (policy == ResidencyPolicy.KeepAll)
            return;
        foreach (var resident in residents)
        {
            if (resident != entering && !resident.IsInUse)
                resident.Evict();
        }
    }

    /// <summary>A generation is over: nothing stays on the device that the policy does not keep there.</summary>
    public void Leave()
    {
        if (policy == ResidencyPolicy.KeepAll)
            return;
        foreach (var resident in residents.Where(resident => !resident.IsInUse))
            resident.Evict();
    }

    internal void WarmUp() => Array.ForEach(residents, static resident => resident.WarmUp());

    internal void Unload() => Array.ForEach(residents, static resident => resident.Unload());
}

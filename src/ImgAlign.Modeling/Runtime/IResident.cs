namespace ImgAlign.Runtime;

/// <summary>A network as the book-keeping of a device's memory sees it.</summary>
public interface IResident
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
    /// <exception cref="ImgAlignException">There is one; the message names file and tensor.</exception>
    void RequireFiniteWeights();
}

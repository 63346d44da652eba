namespace ImgAlign;

/// <summary>A part of a network's weights has been read. Networks are loaded when a stage first needs them.</summary>
/// <param name="network">The network, such as <c>SDXL UNet</c>.</param>
/// <param name="bytes">What has been read, in bytes on the device.</param>
/// <param name="totalBytes">What the network's weights take there in all.</param>
public sealed class WeightsLoaded(string network, long bytes, long totalBytes) : RunUpdate
{
    /// <summary>The network, such as <c>SDXL UNet</c>.</summary>
    public string Network { get; } = network;

    /// <summary>What has been read, in bytes on the device.</summary>
    public long Bytes { get; } = bytes;

    /// <summary>What the network's weights take there in all.</summary>
    public long TotalBytes { get; } = totalBytes;
}

namespace ImgAlign.Runtime;

/// <summary>How far the weights of a network are that a device is being given.</summary>
/// <param name="Network">The network in messages, such as <c>SDXL UNet</c>.</param>
/// <param name="Bytes">What is there of them, in bytes on the device.</param>
/// <param name="TotalBytes">What they take there in all.</param>
public readonly record struct WeightsLoading(string Network, long Bytes, long TotalBytes);

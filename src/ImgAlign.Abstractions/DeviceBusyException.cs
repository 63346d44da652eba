namespace ImgAlign;

/// <summary>A device has as many runs waiting as it may have. The same request can be met later.</summary>
/// <param name="message">Which device, how many wait, and what to do.</param>
public sealed class DeviceBusyException(string message) : ImgAlignException(message);

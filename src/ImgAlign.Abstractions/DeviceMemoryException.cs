namespace ImgAlign;

/// <summary>A run does not fit into a device's memory: by the estimate before it began, or because it ran out.</summary>
/// <param name="message">What is needed, what there is, and what would fit.</param>
/// <param name="innerException">The device's own message, where it ran out.</param>
public sealed class DeviceMemoryException(string message, Exception? innerException = null) : ImgAlignException(message, innerException);

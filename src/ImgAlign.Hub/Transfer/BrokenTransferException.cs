namespace ImgAlign.Hub.Transfer;

/// <summary>A connection broke, stood still, or brought something else than was asked for: to be tried again.</summary>
internal sealed class BrokenTransferException(string message, Exception? innerException = null) : Exception(message, innerException);

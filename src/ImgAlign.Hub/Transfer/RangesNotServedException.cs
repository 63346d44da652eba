namespace ImgAlign.Hub.Transfer;

/// <summary>A server answered a request for a part with something else: the file has to come in one piece.</summary>
internal sealed class RangesNotServedException() : Exception("The server does not serve parts of a file.");

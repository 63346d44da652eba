namespace ImgAlign.Hub;

/// <summary>How far a download is.</summary>
/// <param name="Bytes">Bytes here so far, of all files to fetch together, those of an earlier run included.</param>
/// <param name="Total">Bytes to fetch, of all files together.</param>
public readonly record struct HubProgress(long Bytes, long Total);

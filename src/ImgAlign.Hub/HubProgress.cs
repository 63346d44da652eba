namespace ImgAlign.Hub;

/// <summary>How far a download is.</summary>
/// <param name="Path">The file that bytes have just come for.</param>
/// <param name="Bytes">Bytes here so far, of all files to fetch together, those of an earlier run included.</param>
/// <param name="Total">Bytes to fetch, of all files together.</param>
public readonly record struct HubProgress(string Path, long Bytes, long Total);

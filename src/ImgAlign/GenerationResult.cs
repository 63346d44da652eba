namespace ImgAlign;

/// <summary>The pictures of a plain generation.</summary>
/// <param name="Images">One picture a prompt.</param>
/// <param name="Request">The request with all defaults filled in.</param>
/// <param name="Report">What it cost.</param>
public sealed record GenerationResult(IReadOnlyList<RgbImage> Images, GenerationRequest Request, RunReport Report);

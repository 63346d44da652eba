namespace ImgAlign.DependencyInjection;

/// <summary>A section of the configuration that options are bound to; sections around it may contain it.</summary>
/// <param name="Path">Its path, such as <c>ImgAlign:Sdxl</c>.</param>
internal sealed record BoundSection(string Path);

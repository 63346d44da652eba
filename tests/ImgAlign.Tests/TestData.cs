using System.Runtime.CompilerServices;

namespace ImgAlign.Tests;

/// <summary>Where the repository keeps test data.</summary>
internal static class TestData
{
    /// <summary>The folder <c>tests/golden</c>.</summary>
    public static string Golden { get; } = Path.GetFullPath(Path.Combine(SourceFolder(), "..", "golden"));

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}

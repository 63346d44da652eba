using System.Diagnostics;

namespace ImgAlign.Runtime;

/// <summary>The native libraries that this process has loaded.</summary>
public static class LoadedLibraries
{
    /// <summary>Their files.</summary>
    public static IReadOnlyList<string> Files()
    {
        using var process = Process.GetCurrentProcess();
        return [.. process.Modules.Cast<ProcessModule>().Select(static module => module.FileName)];
    }

    /// <summary>The first one whose file's name contains a text, in any case; null: there is none.</summary>
    /// <param name="name">The text, such as <c>cudart</c>.</param>
    public static string? Find(string name) =>
        Files().FirstOrDefault(file => Path.GetFileName(file).Contains(name, StringComparison.OrdinalIgnoreCase));
}

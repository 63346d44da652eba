using System.Reflection;

namespace ImgAlign;

/// <summary>The program that runs, to be started again in a process of its own.</summary>
internal static class ThisProgram
{
    /// <summary>What starts it: its own file, or <c>dotnet</c> where that has started this process, and arguments.</summary>
    /// <param name="assembly">The program's assembly.</param>
    /// <param name="arguments">What it is called with.</param>
    public static IReadOnlyList<string> Command(Assembly assembly, params IEnumerable<string> arguments)
    {
        var file = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(file) == "dotnet" ? [file, "exec", assembly.Location, .. arguments] : [file, .. arguments];
    }
}

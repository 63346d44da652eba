using System.Globalization;

namespace ImgAlign.Testing.Kinds;

/// <summary>The memory of this process that is in the machine's memory: what .NET and what libtorch took, and pages of mapped
/// files.</summary>
internal static class ResidentMemory
{
    private const string Status = "/proc/self/status";
    private const string ClearReferences = "/proc/self/clear_refs";

    /// <summary>Bytes now.</summary>
    public static long Current => Environment.WorkingSet;

    /// <summary>The most bytes since <see cref="ForgetPeak"/>; on systems that do not tell, those now.</summary>
    public static long Peak => OperatingSystem.IsLinux() && Kibibytes() is { } peak ? peak * 1024 : Current;

    /// <summary>Lets <see cref="Peak"/> begin anew, where the system can.</summary>
    public static void ForgetPeak()
    {
        if (OperatingSystem.IsLinux() && File.Exists(ClearReferences))
            File.WriteAllText(ClearReferences, "5");
    }

    private static long? Kibibytes()
    {
        var line = File.ReadLines(Status).FirstOrDefault(static line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return line is null
            ? null
            : long.Parse(line.Split(' ', '\t', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}

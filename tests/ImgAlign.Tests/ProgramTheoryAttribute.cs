namespace ImgAlign.Tests;

/// <summary>A theory that needs a program, and is skipped where that is not installed; <c>.ci/run</c>, which installs it, fails
/// then.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ProgramTheoryAttribute : TheoryAttribute
{
    /// <summary>Looks for the program.</summary>
    /// <param name="program">Its name, as in <c>PATH</c>.</param>
    public ProgramTheoryAttribute(string program)
    {
        if (Find(program) is null)
            Skip = $"Not installed: {program}.";
    }

    /// <summary>The program's file; null where it is not installed.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);
}

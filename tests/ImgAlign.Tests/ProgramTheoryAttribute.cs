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
        if (!IsInstalled(program))
            Skip = $"Not installed: {program}.";
    }

    private static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, program)));
}

using System.Text.RegularExpressions;

namespace ImgAlign.Tests;

/// <summary>What a reader of the code may rely on.</summary>
public partial class SourceTests
{
    private const int MostLines = 500;

    private static readonly string Root = Path.GetFullPath(Path.Combine(TestData.Golden, "..", ".."));

    [Fact]
    public void A_public_type_is_in_a_file_of_its_name()
    {
        var elsewhere = Files("src")
            .SelectMany(
                static file => PublicType().Matches(File.ReadAllText(file)),
                static (file, type) => (File: Path.GetFileName(file), Type: type.Groups["name"].Value)
            )
            .Where(static found => found.File.Split('.')[0] != found.Type); // a type of several files has Name.Part.cs

        Assert.Empty(elsewhere);
    }

    [Fact]
    public void No_file_is_longer_than_a_reader_keeps_in_mind() =>
        Assert.DoesNotContain(Files("src", "tests", "benchmarks", "samples"), static file => File.ReadLines(file).Count() > MostLines);

    private static IEnumerable<string> Files(params IEnumerable<string> folders) =>
        folders
            .SelectMany(static folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories))
            .Where(static file =>
                !Path.GetRelativePath(Root, file).Split(Path.DirectorySeparatorChar).Any(static part => part is "bin" or "obj")
            );

    [GeneratedRegex(
        @"^public (?:(?:abstract|partial|readonly|ref|sealed|static|unsafe) )*"
            + @"(?:(?:class|record struct|record|struct|interface|enum) (?<name>\w+)|delegate .* (?<name>\w+)\()",
        RegexOptions.Multiline
    )]
    private static partial Regex PublicType();
}

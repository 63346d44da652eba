using System.Text.RegularExpressions;

namespace ImgAlign.Tests;

/// <summary>What README and docs name is there: linked files, and files of the code.</summary>
public partial class DocumentationTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(TestData.Golden, "..", ".."));

    private static readonly HashSet<string> SourceFiles =
    [
        .. Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories).Select(file => file.Replace('\\', '/')),
    ];

    public static TheoryData<string> Pages =>
        new(
            Directory
                .EnumerateFiles(Path.Combine(Root, "docs"), "*.md")
                .Append(Path.Combine(Root, "README.md"))
                .Select(file => Path.GetRelativePath(Root, file))
        );

    [Theory]
    [MemberData(nameof(Pages))]
    public void Names_only_files_that_exist(string page)
    {
        var file = Path.Combine(Root, page);
        var text = File.ReadAllText(file);
        var links = Link()
            .Matches(text)
            .Select(match => match.Groups[1].Value)
            .Where(target => !target.StartsWith("http", StringComparison.Ordinal) && !target.StartsWith('#'));
        Assert.All(links, target => Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(file)!, target.Split('#')[0])), target));

        var sources = SourceFile().Matches(text).Select(match => match.Groups[1].Value);
        Assert.All(
            sources,
            source =>
                Assert.True(
                    SourceFiles.Any(known => known.EndsWith($"/{source}", StringComparison.Ordinal))
                        || File.Exists(Path.Combine(Root, source)),
                    source
                )
        );
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`([\w./-]+\.cs)`")]
    private static partial Regex SourceFile();
}

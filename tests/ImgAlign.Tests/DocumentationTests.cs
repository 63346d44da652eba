using System.Reflection;
using System.Text.RegularExpressions;

namespace ImgAlign.Tests;

/// <summary>What README and docs name is there: linked files, files of the code, and members of its types.</summary>
public partial class DocumentationTests
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(TestData.Golden, "..", ".."));

    private static readonly HashSet<string> SourceFiles =
    [
        .. Directory.EnumerateFiles(Path.Combine(Root, "src"), "*.cs", SearchOption.AllDirectories).Select(file => file.Replace('\\', '/')),
    ];

    private const BindingFlags Everything =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.FlattenHierarchy;

    private static readonly ILookup<string, Type> Types = Directory
        .EnumerateFiles(AppContext.BaseDirectory, "ImgAlign*.dll")
        .SelectMany(static file => Assembly.Load(AssemblyName.GetAssemblyName(file)).GetTypes())
        .ToLookup(static type => type.Name.Split('`')[0]);

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

    [Theory]
    [MemberData(nameof(Pages))]
    public void Names_only_members_that_exist(string page)
    {
        var named = Member()
            .Matches(File.ReadAllText(Path.Combine(Root, page)))
            .Select(match => (Type: match.Groups[1].Value, Member: match.Groups[2].Value));
        // A name of no type of ours is a package or another library's.
        Assert.All(
            named.Where(name => Types.Contains(name.Type)),
            name => Assert.True(Types[name.Type].Any(type => Has(type, name.Member)), $"{name.Type}.{name.Member}")
        );
    }

    private static bool Has(Type type, string member) =>
        type.GetInterfaces().Prepend(type).Any(declaring => declaring.GetMember(member, Everything).Length > 0);

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`([\w./-]+\.cs)`")]
    private static partial Regex SourceFile();

    [GeneratedRegex(@"`([A-Z]\w+)\.([A-Z]\w+)[`(]")]
    private static partial Regex Member();
}

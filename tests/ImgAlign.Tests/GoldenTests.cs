using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Tests;

/// <summary>Every golden case in <c>tests/golden</c>, by the runner that <c>imgalign verify</c> uses.</summary>
public class GoldenTests
{
    private static readonly GoldenRunner Runner = GoldenRunner.CreateStandard();

    public static TheoryData<string> Cases =>
        new(Runner.Find(TestData.Golden).Select(folder => Path.GetRelativePath(TestData.Golden, folder)));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Agrees_with_the_reference(string golden)
    {
        var result = Runner.Run(Path.Combine(TestData.Golden, golden), torch.CPU);
        Assert.True(result.Passed, string.Join(Environment.NewLine, result.Problems));
    }
}

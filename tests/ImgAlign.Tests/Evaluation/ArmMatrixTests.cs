using System.Text;
using ImgAlign.Evaluation;
using ImgAlign.Tests.Checkpoints;

namespace ImgAlign.Tests.Evaluation;

/// <summary>Files of arms.</summary>
public sealed class ArmMatrixTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void Arms_that_cost_alike_are_compared_and_all_with_the_first()
    {
        var matrix = Read(
            """
            {"arms": [
              {"name": "base"},
              {"name": "IMG", "rounds": 1, "scale": 0.3, "steps": 20},
              {"name": "best of 2", "bestOf": 2},
              {"name": "other LoRA", "models": {"Sdxl:Loras:0:Path": "x.safetensors"}}
            ]}
            """
        );

        Assert.Equal(
            ["IMG/base", "best of 2/base", "other LoRA/base", "best of 2/IMG"],
            matrix.Pairs.Select(static pair => $"{pair.Arm.Name}/{pair.Baseline.Name}")
        );
    }

    [Fact]
    public void Comparisons_can_be_named()
    {
        var matrix = Read("""{"arms": [{"name": "a"}, {"name": "b", "firstSample": 1}], "compare": [["a", "b"]]}""");

        Assert.Equal("a/b", Assert.Single(matrix.Pairs.Select(static pair => $"{pair.Arm.Name}/{pair.Baseline.Name}")));
    }

    [Theory]
    [InlineData("""{"arms": []}""", "no arms")]
    [InlineData("""{"arms": [{"name": "a"}, {"name": "a"}]}""", "Two arms are called 'a'")]
    [InlineData("""{"arms": [{"name": "a", "round": 1}]}""", "line 1 ($.arms[0].round) is not as in a file of arms")]
    [InlineData("""{"arms": [{"name": "a", "rounds": "1"}]}""", "line 1 ($.arms[0].rounds) is not as")]
    [InlineData("""{"arms": [{"name": "a", "sampler": "x"}]}""", "there is no sampler 'x', but euler")]
    [InlineData("""{"arms": [{"nam": "a"}]}""", "where an arm has name, firstSample, bestOf, rounds, gated")]
    [InlineData("""{"arms": [{"name": "a", "gated": true}]}""", "gated decides about rounds")]
    [InlineData("""{"arms": [{"name": "a", "scale": 0.2}]}""", "of rounds and searches, of which it has none")]
    [InlineData("""{"arms": [{"name": "a", "rounds": 1, "decidedBy": "x"}]}""", "it neither chooses samples nor gates rounds")]
    [InlineData("""{"arms": [{"name": "a", "policy": "greedy"}]}""", "policy and budget go together")]
    [InlineData("""{"arms": [{"name": "a", "policy": "x", "budget": 2}]}""", "there is no policy 'x', but rounds")]
    [InlineData("""{"arms": [{"name": "a", "bestOf": 0}]}""", "bestOf is less than 1")]
    [InlineData("""{"arms": [{"name": "a"}], "compare": [["a", "b"]]}""", "names 'b'")]
    [InlineData("""{"arms": [{"name": "a"}""", "arms.json")]
    [InlineData("""null""", "arms.json")]
    public void What_makes_no_sense_is_said(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<ImgAlignException>(() => Read(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_mark_of_the_byte_order_and_other_line_ends_are_read_over()
    {
        File.WriteAllText(temporary.File("arms.json"), "{\"arms\":\r\n[{\"name\": \"a\"}]}\r\n", new UTF8Encoding(true));

        Assert.Equal("a", ArmMatrix.Read(temporary.File("arms.json")).Arms.Single().Name);
    }

    private ArmMatrix Read(string json)
    {
        File.WriteAllText(temporary.File("arms.json"), json);
        return ArmMatrix.Read(temporary.File("arms.json"));
    }
}

using ImgAlign.Tokenizers;

namespace ImgAlign.Tests.Tokenizers;

public class UnigramModelTests
{
    private const int Unknown = 9;

    private static readonly UnigramModel Model = new(
        [(0, "▁", -2), (1, "a", -1), (2, "b", -1), (3, "ab", -1.5f), (4, "▁a", -2.5f), (5, "ba", -3), (6, "👍", -4)],
        Unknown,
        new CharacterMap([], "")
    );

    [Theory]
    [InlineData("", new int[0])]
    [InlineData("   ", new int[0])]
    [InlineData("ab", new[] { 0, 3 })] // -3.5, where ▁a b has the same sum and begins later
    [InlineData("aba", new[] { 0, 3, 1 })]
    [InlineData(" a  b ", new[] { 4, 0, 2 })]
    [InlineData("c猫", new[] { 0, Unknown, Unknown })]
    [InlineData("👍👎", new[] { 0, 6, Unknown })] // two code units each
    public void The_likeliest_pieces_are_found(string text, int[] expected) => Assert.Equal(expected, Model.Encode(text));
}

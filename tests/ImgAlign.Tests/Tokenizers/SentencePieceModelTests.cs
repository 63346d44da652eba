using Google.Protobuf;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tokenizers;

namespace ImgAlign.Tests.Tokenizers;

public sealed class SentencePieceModelTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string, string> Faults =>
        new()
        {
            { nameof(SentencePieceModel.Pieces), "no pieces" },
            { nameof(SentencePiece.Text), "piece 1 has no text" },
            { "twice", "piece 2, 'a', is there twice" },
            { nameof(SentencePiece.Score), "has the score NaN" },
            { nameof(SentencePiece.Kind), "unknown kind 7" },
            { "unknown", "0 pieces stand for unknown characters" },
            { nameof(SentencePieceTrainer.Algorithm), "of the kind BytePair, but Unigram is expected" },
        };

    [Fact]
    public void A_model_is_read_as_it_was_written() => Assert.Equal(Model(), Load(Model()));

    [Theory]
    [MemberData(nameof(Faults))]
    public void What_tokenizers_rely_on_is_checked(string fault, string expected)
    {
        var model = Model();
        switch (fault)
        {
            case nameof(SentencePieceModel.Pieces):
                model.Pieces.Clear();
                break;
            case nameof(SentencePiece.Text):
                model.Pieces[1].Text = "";
                break;
            case "twice":
                model.Pieces[2].Text = "a";
                break;
            case nameof(SentencePiece.Score):
                model.Pieces[1].Score = float.NaN;
                break;
            case nameof(SentencePiece.Kind):
                model.Pieces[1].Kind = 7;
                break;
            case "unknown":
                model.Pieces[0].Kind = (int)PieceKind.Control;
                break;
            case nameof(SentencePieceTrainer.Algorithm):
                model.Trainer.Algorithm = (int)PieceAlgorithm.BytePair;
                break;
        }

        var message = Assert.Throws<ImgAlignException>(() => Load(model)).Message;

        Assert.Contains("tokenizer.model", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { 0x0A })] // a piece without its length
    [InlineData(new byte[] { 0x0A, 0x7F, 0x0A })] // one that is longer than the file
    [InlineData(new byte[] { 0x0F })] // no such type
    public void What_is_no_protocol_buffer_is_named(byte[] contents) =>
        Assert.Contains(
            "download the file again",
            Assert
                .Throws<ImgAlignException>(() => SentencePieceModel.Load(folder.Write("tokenizer.model", contents), PieceAlgorithm.Unigram))
                .Message,
            StringComparison.Ordinal
        );

    public void Dispose() => folder.Dispose();

    private SentencePieceModel Load(SentencePieceModel model) =>
        SentencePieceModel.Load(folder.Write("tokenizer.model", model.ToByteArray()), PieceAlgorithm.Unigram);

    private static SentencePieceModel Model() =>
        new()
        {
            Pieces =
            {
                new SentencePiece { Text = "<unk>", Kind = (int)PieceKind.Unknown },
                new SentencePiece { Text = "a", Score = -1 },
                new SentencePiece { Text = "b", Score = -2 },
            },
            Trainer = new SentencePieceTrainer { Algorithm = (int)PieceAlgorithm.Unigram },
        };
}

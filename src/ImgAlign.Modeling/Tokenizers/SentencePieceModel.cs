using Google.Protobuf;

namespace ImgAlign.Tokenizers;

/// <summary>A sentencepiece model; its class is generated from <c>SentencePieceModel.proto</c>.</summary>
public sealed partial class SentencePieceModel
{
    /// <summary>Reads a model and checks all that tokenizers rely on.</summary>
    /// <param name="path">The file, such as <c>tokenizer.model</c>.</param>
    /// <param name="algorithm">How it must cut texts.</param>
    /// <returns>At least one piece, with texts that differ, finite scores and known kinds; exactly one is the unknown one.</returns>
    /// <exception cref="ImgAlignException">The file is malformed, or of another kind.</exception>
    public static SentencePieceModel Load(string path, PieceAlgorithm algorithm)
    {
        var model = Parse(path);
        if (model.Pieces.Count == 0)
            throw Malformed("it has no pieces");
        var texts = new HashSet<string>();
        foreach (var (id, piece) in model.Pieces.Index())
        {
            if (piece.Text.Length == 0)
                throw Malformed($"piece {id} has no text");
            if (!texts.Add(piece.Text))
                throw Malformed($"piece {id}, '{piece.Text}', is there twice");
            if (!float.IsFinite(piece.Score))
                throw Malformed($"piece {id}, '{piece.Text}', has the score {piece.Score}");
            if (!Enum.IsDefined((PieceKind)piece.Kind))
                throw Malformed($"piece {id}, '{piece.Text}', is of the unknown kind {piece.Kind}");
        }
        if (model.Pieces.Count(static piece => piece.Kind == (int)PieceKind.Unknown) is not 1 and var count)
            throw Malformed($"{count} pieces stand for unknown characters where one is expected");
        var found = (PieceAlgorithm)(model.Trainer ?? new()).Algorithm;
        return found == algorithm
            ? model
            : throw new ImgAlignException(
                $"{path}: a sentencepiece model of the kind {found}, but {algorithm} is expected; this is the tokenizer of another model."
            );

        ImgAlignException Malformed(string reason) => NoModel(path, reason);
    }

    private static SentencePieceModel Parse(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return Parser.ParseFrom(file);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw NoModel(path, exception.Message, exception);
        }
    }

    private static ImgAlignException NoModel(string path, string reason, Exception? cause = null) =>
        new($"{path}: not a sentencepiece model that can be read ({reason}); download the file again.", cause);
}

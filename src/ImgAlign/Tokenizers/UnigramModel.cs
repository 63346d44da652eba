using Google.Protobuf;
using Microsoft.ML.Tokenizers;

namespace ImgAlign.Tokenizers;

/// <summary>Sentencepiece's unigram models (<c>ModelProto</c>) for the library that computes them.</summary>
internal static class UnigramModel
{
    // The numbers of sentencepiece_model.proto's fields.
    private static class Model { public const int Pieces = 1, TrainerSpec = 2, NormalizerSpec = 3; }
    private static class Piece { public const int Text = 1, Score = 2, Type = 3; }
    private static class Trainer { public const int ModelType = 3, UnknownId = 40, BeginId = 41, EndId = 42, PadId = 43, BeginPiece = 46; }
    private static class Normalizer { public const int Map = 2; }

    private const int UnigramType = 1;
    private const int NormalPiece = 1, UnknownPiece = 2, ControlPiece = 3;
    private const int EndId = 1;  // in every T5

    /// <summary>Makes a tokenizer that adds no special tokens.</summary>
    /// <param name="model">The contents of a <c>spiece.model</c>.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="ImgAlignException">It is malformed or not a unigram model.</exception>
    public static SentencePieceTokenizer Create(byte[] model, string path)
    {
        try
        {
            // T5 has no token for the beginning, which the library refuses. Messages of protobuf that stand one behind the other
            // are merged, so another trainer specification at the end changes just that; the token is never asked for.
            using var stream = new MemoryStream([.. model, .. Message(output => WriteMessage(output, Model.TrainerSpec, WriteBegin))]);
            return SentencePieceTokenizer.Create(stream, addBeginningOfSentence: false, addEndOfSentence: false);
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or ArgumentException or NullReferenceException or IndexOutOfRangeException)
        {
            throw new ImgAlignException($"{path}: not a sentencepiece model of the unigram kind ({exception.Message}); download the file again.", exception);
        }
    }

    /// <summary>Writes a model as a <c>spiece.model</c> would hold it.</summary>
    public static byte[] Serialize(UnigramFile file)
    {
        var control = file.AddedTokens.Select(token => token.Id).ToHashSet();
        return Message(output =>
        {
            for (var id = 0; id < file.Pieces.Count; id++)
            {
                var ((text, score), type) = (file.Pieces[id], id == file.UnknownId ? UnknownPiece : control.Contains(id) ? ControlPiece : NormalPiece);
                WriteMessage(output, Model.Pieces, piece =>
                {
                    WriteString(piece, Piece.Text, text);
                    piece.WriteTag(Piece.Score, WireFormat.WireType.Fixed32);
                    piece.WriteFloat(score);
                    WriteInteger(piece, Piece.Type, type);
                });
            }
            WriteMessage(output, Model.TrainerSpec, trainer =>
            {
                WriteInteger(trainer, Trainer.ModelType, UnigramType);
                WriteInteger(trainer, Trainer.UnknownId, file.UnknownId);
                WriteInteger(trainer, Trainer.EndId, EndId);
                WriteInteger(trainer, Trainer.PadId, 0);
            });
            WriteMessage(output, Model.NormalizerSpec, normalizer =>
            {
                normalizer.WriteTag(Normalizer.Map, WireFormat.WireType.LengthDelimited);
                normalizer.WriteBytes(ByteString.CopyFrom(file.NormalizationMap));
            });
        });
    }

    private static void WriteBegin(CodedOutputStream trainer)
    {
        WriteInteger(trainer, Trainer.BeginId, EndId);
        WriteString(trainer, Trainer.BeginPiece, "</s>");
    }

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using var stream = new MemoryStream();
        using (var output = new CodedOutputStream(stream)) write(output);
        return stream.ToArray();
    }

    private static void WriteMessage(CodedOutputStream output, int field, Action<CodedOutputStream> write)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(Message(write)));
    }

    private static void WriteString(CodedOutputStream output, int field, string value)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteString(value);
    }

    private static void WriteInteger(CodedOutputStream output, int field, int value)
    {
        output.WriteTag(field, WireFormat.WireType.Varint);
        output.WriteInt32(value);
    }
}

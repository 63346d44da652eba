using ImgAlign.Networks.Clip;
using ImgAlign.Runtime;
using ImgAlign.Tokenizers;

namespace ImgAlign.Backbones;

/// <summary>What SDXL's text encoders are made of, read and checked.</summary>
/// <param name="Tokenizer">The first encoder's tokenizer.</param>
/// <param name="Tokenizer2">The second encoder's tokenizer.</param>
/// <param name="Encoder">The first encoder.</param>
/// <param name="Encoder2">The second encoder, with its projection.</param>
/// <param name="Width">The width of a token's features, of both encoders together.</param>
/// <param name="PooledWidth">The width of the pooled features.</param>
/// <param name="ForceZerosForEmptyPrompt">Whether no negative prompt means zeros, and not the encoded empty text.</param>
internal sealed record SdxlTextParts(
    ClipTokenizer Tokenizer,
    ClipTokenizer Tokenizer2,
    ModelSource<ClipTextModel> Encoder,
    ModelSource<ClipTextModel> Encoder2,
    int Width,
    int PooledWidth,
    bool ForceZerosForEmptyPrompt
)
{
    public static SdxlTextParts Read(SdxlFiles files)
    {
        var (config, config2) = (files.ReadTextEncoder(), files.ReadTextEncoder2());
        return new(
            files.LoadTokenizer(),
            files.LoadTokenizer2(),
            files.TextEncoder(config),
            files.TextEncoder2(config2),
            config.HiddenSize + config2.HiddenSize,
            config2.ProjectionDim,
            files.ReadForceZerosForEmptyPrompt()
        );
    }
}

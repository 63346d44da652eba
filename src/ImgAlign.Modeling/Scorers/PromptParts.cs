using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Runtime;
using ImgAlign.Tokenizers;
using static TorchSharp.torch;

namespace ImgAlign.Scorers;

/// <summary>From prompts to what CLIP makes of them, read and checked.</summary>
/// <param name="Config">The text encoder's sizes.</param>
/// <param name="Tokenizer">From a prompt to ids.</param>
/// <param name="Network">From ids to features.</param>
public sealed record PromptParts(ClipTextConfig Config, ClipTokenizer Tokenizer, ModelSource<ClipTextModel> Network)
{
    /// <summary>Reads the text encoder of a whole model in transformers' layout.</summary>
    /// <param name="scorer">The scorer that it is for.</param>
    /// <param name="path">The folder.</param>
    /// <param name="tokenizerPath">The tokenizer's folder; null: the model's.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken.</exception>
    public static PromptParts Read(string scorer, string path, string? tokenizerPath = null)
    {
        var folder = ModelFolder.Resolve(path);
        var vocabulary = FindVocabulary(scorer, folder, tokenizerPath);
        var config = ClipTextConfig.Read(Path.Combine(folder, "config.json")) with { Architectures = ClipTowerConfig.WholeModel };
        var network = new ModelSource<ClipTextModel>(
            $"{scorer}, prompts",
            () => new ClipTextModel(config, META),
            (network, weights) =>
            {
                var part = ClipNames.FindText(weights.Open(folder));
                weights.Add(network, part, network.Names(part));
            }
        );
        return Create(vocabulary, config, ClipTokenizer.Load(vocabulary), network);
    }

    /// <summary>The folder of a tokenizer.</summary>
    /// <param name="scorer">The scorer that it is for.</param>
    /// <param name="folder">The model's folder.</param>
    /// <param name="tokenizerPath">Another folder, or a name of the hub; null: the model's.</param>
    /// <exception cref="ImgAlignException">There is none in it.</exception>
    public static string FindVocabulary(string scorer, string folder, string? tokenizerPath)
    {
        var vocabulary = string.IsNullOrEmpty(tokenizerPath) ? folder : ModelFolder.Resolve(tokenizerPath, ModelFiles.Tokenizer);
        return ModelFiles.HasTokenizer(vocabulary)
            ? vocabulary
            : throw new ImgAlignException(
                $"{vocabulary} holds no tokenizer; let {scorer}'s TokenizerPath name a folder with CLIP's vocab.json and "
                    + "merges.txt, such as "
                    + "openai/clip-vit-large-patch14."
            );
    }

    /// <summary>Puts parts together.</summary>
    /// <param name="vocabulary">The tokenizer's folder, for messages.</param>
    /// <param name="config">The text encoder's sizes.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="network">The text encoder.</param>
    /// <exception cref="ImgAlignException">The tokenizer has ids, or a length, that the text encoder does not take.</exception>
    public static PromptParts Create(string vocabulary, ClipTextConfig config, ClipTokenizer tokenizer, ModelSource<ClipTextModel> network)
    {
        if (tokenizer.EndId >= config.VocabSize || tokenizer.MaxLength > config.MaxPositionEmbeddings)
        {
            throw new ImgAlignException(
                $"{vocabulary} makes texts of up to {tokenizer.MaxLength} tokens with ids up to {tokenizer.EndId}, but the text encoder "
                    + $"takes {config.MaxPositionEmbeddings} tokens and knows {config.VocabSize} ids; take the tokenizer that "
                    + "belongs to it."
            );
        }
        return new(config, tokenizer, network);
    }
}

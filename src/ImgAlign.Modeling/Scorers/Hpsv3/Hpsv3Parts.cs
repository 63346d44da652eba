using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Imaging;
using ImgAlign.Networks.Qwen;
using ImgAlign.Networks.Qwen2Vl;
using ImgAlign.Runtime;
using ImgAlign.Tokenizers;
using static TorchSharp.torch;

namespace ImgAlign.Scorers;

/// <summary>From pictures and prompts to what HPSv3 reads, and its networks, read and checked.</summary>
/// <param name="Config">Qwen2-VL's sizes, with the tokens that the file has.</param>
/// <param name="Tokenizer">From a text to ids, with the token that the score is read at.</param>
/// <param name="Images">From pictures to patches.</param>
/// <param name="Network">Qwen2-VL.</param>
/// <param name="Head">The head.</param>
public sealed record Hpsv3Parts(
    QwenConfig Config,
    QwenTokenizer Tokenizer,
    QwenImageProcessor Images,
    ModelSource<Qwen2VlModel> Network,
    ModelSource<PreferenceHead> Head
)
{
    /// <summary>Where the score is read.</summary>
    public const string RewardToken = "<|Reward|>";

    private const string Place = "{text_prompt}";
    private const string Embedding = "model.embed_tokens.weight";
    private const long Pixels = 256 * 28 * 28; // of every picture, about

    private static readonly Lazy<string> OwnInstruction = new(() =>
    {
        using var reader = new StreamReader(typeof(Hpsv3Parts).Assembly.GetManifestResourceStream("hpsv3-instruction.txt")!);
        return reader.ReadToEnd();
    });

    /// <summary>What stands around a prompt.</summary>
    public string Instruction { get; init; } = OwnInstruction.Value;

    /// <summary>Reads sizes and tokenizer and compares them with the weights.</summary>
    /// <param name="modelPath">The checkpoint, a file or a folder.</param>
    /// <param name="basePath">Qwen2-VL's folder, without its weights.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or two do not fit each other.</exception>
    public static Hpsv3Parts Read(string modelPath, string basePath)
    {
        var folder = ModelFolder.Resolve(basePath, ModelFiles.WithoutWeights);
        var tokenizer = QwenTokenizer.Load(folder, RewardToken);
        using var checkpoint = Checkpoint.Open(modelPath);
        var file = Path.GetFullPath(checkpoint.Source);
        if (!checkpoint.Tensors.TryGetValue(Embedding, out var embedding) || embedding.Shape.Count != 2)
            throw checkpoint.Fault(Embedding, "is not there as a matrix; is this HPSv3?");
        // The file has a row for each token and no more, whatever vocab_size says.
        var config = Qwen2VlConfig.Read(folder);
        config = config with { Text = config.Text with { VocabSize = (int)embedding.Shape[0] } };
        if (tokenizer.IdOf(RewardToken) != config.Text.VocabSize - 1 || tokenizer.IdOf(QwenPrompt.ImageToken) != config.ImageTokenId)
            throw new ImgAlignException(
                $"{folder}: its tokenizer is not that of {file}, which has {config.Text.VocabSize} tokens; take that of "
                    + "Qwen/Qwen2-VL-7B-Instruct, not of Qwen2.5-VL."
            );
        return new(
            config,
            tokenizer,
            QwenImageProcessor.Load(folder) with
            {
                MinPixels = Pixels,
                MaxPixels = Pixels,
            },
            new("HPSv3", () => new Qwen2VlModel(config, META), file, (_, _) => Qwen2VlModel.Names(config)),
            new("HPSv3, head", () => new PreferenceHead(config.Text.HiddenSize, META), file, static (_, _) => PreferenceHead.Names)
        );
    }

    /// <summary>Refuses a prompt that holds a token of the instruction around it, which nothing can escape.</summary>
    /// <exception cref="InvalidRequestException">It does.</exception>
    public void CheckPrompt(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (Tokenizer.FindAdded(prompt) is { } found)
            throw new InvalidRequestException(
                $"HPSv3 cannot score a prompt that holds '{found}', one of its own marks; write it otherwise."
            );
    }

    /// <summary>The whole text for a prompt, with one place for the picture.</summary>
    public string Render(string prompt)
    {
        var place = Instruction.IndexOf(Place, StringComparison.Ordinal);
        return QwenPrompt.Render(Instruction[..place] + prompt + Instruction[(place + Place.Length)..]);
    }

    /// <summary>The tokens of a prompt, the picture as so many.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="cells">The positions that the picture takes.</param>
    public IReadOnlyList<int> Tokenize(string prompt, int cells) =>
        [.. Tokenizer.Encode(Render(prompt)).SelectMany(id => Enumerable.Repeat(id, id == Config.ImageTokenId ? cells : 1))];

    /// <summary>What the network reads of pictures and prompts, one row each.</summary>
    /// <param name="images">B pictures.</param>
    /// <param name="prompts">B prompts.</param>
    public Hpsv3Input Prepare(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts)
    {
        foreach (var prompt in prompts)
            CheckPrompt(prompt);
        var patches = Images.Preprocess(images);
        var rows = prompts.Zip(patches.Grids, (prompt, grid) => Tokenize(prompt, Images.CountCells(grid))).ToList();
        var reward = Tokenizer.IdOf(RewardToken);
        var ids = TokenRows.ToTensor(rows, out var lengths); // what follows the reward's token changes nothing
        return new Hpsv3Input(ids, patches, lengths, [.. rows.Select(row => row.ToList().IndexOf(reward))]);
    }

    /// <summary>The states that scores are read from.</summary>
    /// <param name="network">The network.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="device">Where it is.</param>
    /// <returns><c>[B, D]</c>, float32; disposed by the caller.</returns>
    public Tensor Read(Qwen2VlModel network, Hpsv3Input input, Device device)
    {
        using var scope = NewDisposeScope();
        var tokens = QwenTokens.Read(input.Ids, input.Images.Grids, Config);
        var hidden = network.RunSequential(tokens, input.Images.To(device)); // [B, N, D]
        var places = input.RewardPlaces.Select((place, row) => (long)row * hidden.shape[1] + place);
        return hidden.flatten(0, 1).index_select(0, tensor(places.ToArray(), device: device)).to(float32).MoveToOuterDisposeScope();
    }
}

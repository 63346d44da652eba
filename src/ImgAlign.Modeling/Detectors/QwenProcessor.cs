using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Qwen;
using ImgAlign.Tokenizers;
using static TorchSharp.torch;

namespace ImgAlign.Detectors;

/// <summary>From pictures and a question to what Qwen2.5-VL or Qwen3-VL reads: token ids and patches.</summary>
public sealed class QwenProcessor : IAnswerFormat
{
    private readonly QwenConfig config;
    private readonly string? system;
    private readonly bool addsSystem;
    private readonly QwenTokenizer tokenizer;
    private readonly QwenImageProcessor images;

    /// <summary>Reads the tokenizer and how images are processed.</summary>
    /// <param name="config">The model.</param>
    /// <param name="modelPath">Its folder.</param>
    /// <param name="system">The system message, which may be empty; null: the chat template's own.</param>
    /// <param name="maxPixels">The most pixels of a picture that are read; null: as the model's image processor says.</param>
    /// <param name="addsSystem">Whether the chat template has a system message of its own where none is given.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or does not belong to the model.</exception>
    public QwenProcessor(QwenConfig config, string modelPath, string? system, int? maxPixels, bool addsSystem = true)
    {
        this.config = config;
        this.system = system;
        this.addsSystem = addsSystem;
        RequireNoMarker("The system message", system ?? "");
        var folder = ModelFolder.Resolve(modelPath);
        tokenizer = QwenTokenizer.Load(folder);
        if (tokenizer.IdOf(QwenPrompt.ImageToken) is var id && id != config.ImageTokenId)
            throw new ImgAlignException(
                $"{folder}: {QwenPrompt.ImageToken} is token {id} of the tokenizer but {config.ImageTokenId} of config.json; "
                    + "take all files from one and the same folder."
            );
        images = QwenImageProcessor.Load(folder);
        if (
            (images.PatchSize, images.MergeSize, images.TemporalPatchSize)
            != (config.Vision.PatchSize, config.Vision.SpatialMergeSize, config.Vision.TemporalPatchSize)
        )
            throw new ImgAlignException(
                $"{folder}: its image processor cuts other patches than config.json's vision tower reads; take all files from "
                    + "one and the same folder."
            );
        if (maxPixels is { } most)
            images = images with { MaxPixels = most, MinPixels = Math.Min(images.MinPixels, most) };
    }

    /// <summary>Refuses a text that would change the layout of the conversation.</summary>
    /// <exception cref="InvalidRequestException">It holds a control token.</exception>
    public void RequireNoControl(string text)
    {
        if (tokenizer.FindControl(text) is { } control)
            throw new InvalidRequestException($"\"{text}\" holds '{control}', which is a control token of the model; leave it out.");
    }

    /// <inheritdoc/>
    /// <remarks>It ends with a stop token.</remarks>
    public bool IsComplete(IReadOnlyList<int> answer) => config.StopTokens.Contains(answer[^1]);

    /// <inheritdoc/>
    public string Decode(IReadOnlyList<int> answer) => tokenizer.Decode(answer.Where(id => !config.StopTokens.Contains(id))).Trim();

    /// <summary>The whole prompt.</summary>
    public string Render(string question, int images) => QwenPrompt.Render(question, images, system, addsSystem);

    /// <summary>The tokens of a question in the chat template.</summary>
    /// <param name="question">The question, without the template.</param>
    /// <param name="cells">The positions that each image takes.</param>
    /// <exception cref="InvalidRequestException">The question is too long for the model, or holds the marker of an image.</exception>
    public IReadOnlyList<int> Tokenize(string question, IReadOnlyList<int> cells)
    {
        RequireNoMarker("The question", question);
        var ids = new List<int>();
        var image = 0;
        foreach (var id in tokenizer.Encode(Render(question, cells.Count)))
            ids.AddRange(Enumerable.Repeat(id, id == config.ImageTokenId ? cells[image++] : 1));
        config.Text.RequireLength(ids.Count);
        return ids;
    }

    /// <summary>A question about a picture and its answer as tokens (t2v_metrics 3.1, <c>qwen2vl_model.py</c>): the answer follows the
    /// prompt at once, and nothing ends it.</summary>
    /// <param name="question">The question.</param>
    /// <param name="cells">The positions that the image takes.</param>
    /// <exception cref="InvalidRequestException">Both together are too long for the model or hold a control token, or there is no
    /// answer.</exception>
    public AnswerPrompt TokenizeAnswer(JudgeQuestion question, int cells)
    {
        ArgumentNullException.ThrowIfNull(question);
        foreach (var text in question.Answers.Prepend(question.Text))
            RequireNoControl(text);
        var prompt = Tokenize(question.Text, [cells]);
        var answered = AnswerPrompt.Create(question, answer => (prompt, tokenizer.Encode(answer)));
        config.Text.RequireLength(answered.Read.Count);
        return answered;
    }

    /// <summary>The positions that the largest image takes.</summary>
    public int MaxCells => (int)(images.MaxPixels / ((long)images.PatchSize * images.MergeSize * images.PatchSize * images.MergeSize));

    /// <summary>The positions that an image of a size takes.</summary>
    /// <exception cref="InvalidRequestException">The image is too narrow.</exception>
    public int CountCells(ImageSize size) => images.CountCells(images.FitGrid(size));

    /// <summary>Makes the model's input of several pictures and questions, one a row.</summary>
    /// <param name="inputs">The pictures and questions.</param>
    /// <param name="device">Where the model is.</param>
    /// <param name="lengths">The number of tokens of each row; what follows fills it up.</param>
    /// <exception cref="ArgumentException">A question is too long for the model or holds the marker of an image, or a picture is too
    /// narrow.</exception>
    public QwenInput Prepare(IReadOnlyList<DetectionInput> inputs, Device device, out IReadOnlyList<int> lengths)
    {
        var ids = TokenRows.ToTensor([.. inputs.Select(input => Tokenize(input.Question, [CountCells(input.Image.Size)]))], out lengths);
        using var patches = images.Preprocess([.. inputs.Select(static input => input.Image)]);
        return new QwenInput(ids, patches.To(device));
    }

    /// <summary>Makes the model's input.</summary>
    /// <param name="pictures">The pictures; none for a question without one.</param>
    /// <param name="question">The question, without the template.</param>
    /// <param name="device">Where the model is.</param>
    /// <exception cref="InvalidRequestException">The question is too long for the model or holds the marker of an image, or a picture is
    /// too narrow.</exception>
    public QwenInput Prepare(IReadOnlyList<RgbImage> pictures, string question, Device device)
    {
        var ids = Tokenize(question, [.. pictures.Select(picture => CountCells(picture.Size))]);
        using var patches = pictures.Count == 0 ? null : images.Preprocess(pictures);
        return new QwenInput(DecoderReading.ToRow(ids), patches?.To(device));
    }

    /// <summary>The patches of a picture, on the model's device; disposed by the caller.</summary>
    public ImagePatches Preprocess(RgbImage picture, Device device)
    {
        using var patches = images.Preprocess(picture);
        return patches.To(device);
    }

    private static void RequireNoMarker(string name, string text)
    {
        if (
            Array.Find([QwenPrompt.ImageToken, QwenPrompt.VideoToken], marker => text.Contains(marker, StringComparison.Ordinal)) is
            { } found
        )
            throw new InvalidRequestException($"{name} holds '{found}', which marks a picture's own place; write it in another way.");
    }
}

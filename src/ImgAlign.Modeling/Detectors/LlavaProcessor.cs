using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Llava;
using ImgAlign.Tokenizers;
using static TorchSharp.torch;

namespace ImgAlign.Detectors;

/// <summary>From a picture and a question to what LLaVA reads: token ids and pixels.</summary>
public sealed class LlavaProcessor : IAnswerFormat
{
    private readonly LlavaConfig config;
    private readonly ConversationTemplate template;
    private readonly LlamaTokenizer tokenizer;
    private readonly ClipImageProcessor images;
    private readonly bool pads;

    /// <summary>Reads the tokenizer and how images are processed.</summary>
    /// <param name="config">The model.</param>
    /// <param name="modelPath">Its folder.</param>
    /// <param name="visionTowerPath">The folder of the vision tower, where the model's folder does not hold it.</param>
    /// <param name="templateName">The conversation template.</param>
    /// <param name="aspectRatio">How a picture is made square, <c>pad</c> or <c>crop</c>; null: as the model's configuration says.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or an option is not known.</exception>
    public LlavaProcessor(LlavaConfig config, string modelPath, string? visionTowerPath, string templateName, string? aspectRatio)
    {
        this.config = config;
        template = ConversationTemplate.ByName(templateName);
        var folder = ModelFolder.Resolve(modelPath);
        tokenizer = LlamaTokenizer.Load(folder);
        string?[] folders = [folder, visionTowerPath is { } tower ? ModelFolder.Resolve(tower) : null];
        var imageFolder = folders.OfType<string>().FirstOrDefault(PreprocessorConfig.IsIn);
        images = imageFolder is null ? ClipImageProcessor.ForSize(config.Vision.ImageSize) : ClipImageProcessor.Load(imageFolder);
        pads = (aspectRatio ?? config.ImageAspectRatio) switch
        {
            null or "pad" => true,
            "crop" or "square" => false, // "square" is the authors' word
            var other => throw new ImgAlignException(
                $"{folder}: image_aspect_ratio '{other}' is not supported; set ImageAspectRatio to pad or crop."
            ),
        };
    }

    private LlavaProcessor(LlavaProcessor other, ConversationTemplate template)
    {
        (config, tokenizer, images, pads) = (other.config, other.tokenizer, other.images, other.pads);
        this.template = template;
    }

    /// <summary>Refuses a text that would change the layout of the conversation.</summary>
    /// <exception cref="InvalidRequestException">It holds a control token.</exception>
    public void RequireNoControl(string text)
    {
        if (tokenizer.FindControl(text) is { } control)
            throw new InvalidRequestException($"\"{text}\" holds '{control}', which is a control token of the model; leave it out.");
    }

    /// <inheritdoc/>
    /// <remarks>It ends with a stop token, or the other side begins to speak.</remarks>
    public bool IsComplete(IReadOnlyList<int> answer) =>
        config.StopTokens.Contains(answer[^1])
        || template.TurnEnd is { } end && tokenizer.Decode(answer).Contains(end, StringComparison.Ordinal);

    /// <inheritdoc/>
    public string Decode(IReadOnlyList<int> answer)
    {
        var text = tokenizer.Decode(answer);
        return (template.TurnEnd is { } end ? text.Split(end)[0] : text).Trim();
    }

    /// <summary>The tokens of a question in the conversation template.</summary>
    /// <param name="question">The question, without the template.</param>
    /// <param name="hasImage">Whether it is about a picture.</param>
    /// <exception cref="InvalidRequestException">The question is too long for the model, or holds the marker of an image.</exception>
    public IReadOnlyList<int> Tokenize(string question, bool hasImage)
    {
        if (question.Contains(ConversationTemplate.ImageToken, StringComparison.Ordinal))
            throw new InvalidRequestException(
                $"The question holds '{ConversationTemplate.ImageToken}', which marks the picture's own place; write it in another way."
            );
        var ids = LlavaPrompt.Tokenize(tokenizer, template.Render(question, hasImage));
        config.Text.RequireLength(ids.Count + (hasImage ? config.ImageTokens - 1 : 0));
        return ids;
    }

    /// <summary>The tokens of a question with its answer, which ends as the model is to end it: what the model is trained on.</summary>
    /// <param name="question">The question, without the template.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="hasImage">Whether it is about a picture.</param>
    /// <exception cref="InvalidRequestException">Both together are too long for the model, or hold the marker of an image.</exception>
    public IReadOnlyList<int> TokenizeAnswered(string question, string answer, bool hasImage)
    {
        if ((question + answer).Contains(ConversationTemplate.ImageToken, StringComparison.Ordinal))
            throw new InvalidRequestException(
                $"The question or its answer holds '{ConversationTemplate.ImageToken}', which marks the picture's own place; "
                    + "write it in another way."
            );
        var ids = LlavaPrompt.Tokenize(tokenizer, $"{template.Render(question, hasImage)} {answer}{template.TurnEnd}");
        if (template.TurnEnd is null)
            ids = [.. ids, tokenizer.EndId];
        config.Text.RequireLength(ids.Count + (hasImage ? config.ImageTokens - 1 : 0));
        return ids;
    }

    /// <summary>A question and its answer as tokens. The answer has the space before it, which the conversation template leaves off, and
    /// what ends the model's turn behind it (t2v_metrics 3.0, <c>llava_model.py</c>).</summary>
    /// <param name="question">The question, about a picture.</param>
    /// <exception cref="InvalidRequestException">Both together are too long for the model or hold a control token, or there is no
    /// answer.</exception>
    public AnswerPrompt TokenizeAnswer(JudgeQuestion question)
    {
        ArgumentNullException.ThrowIfNull(question);
        foreach (var text in question.Answers.Prepend(question.Text))
            RequireNoControl(text);
        // The space in front is the template's: ways of writing an answer that differ by it alone are one.
        var written =
            question.Tokens == AnswerTokens.All ? question.Answers : [.. question.Answers.Select(static a => a.Trim()).Distinct()];
        var start = LlavaPrompt.Tokenize(tokenizer, template.Render(question.Text) + " ").Count - 1;
        return AnswerPrompt.Create(
            question with
            {
                Answers = written,
            },
            answer =>
            {
                var ids = TokenizeAnswered(question.Text, answer, hasImage: true);
                return ([.. ids.Take(start)], [.. ids.Skip(start)]);
            }
        );
    }

    /// <summary>The same with another conversation template.</summary>
    /// <param name="templateName">The conversation template.</param>
    /// <exception cref="ImgAlignException">There is none of that name.</exception>
    public LlavaProcessor WithTemplate(string templateName) => new(this, ConversationTemplate.ByName(templateName));

    /// <summary>The pixels of a picture, <c>[1, 3, S, S]</c>; disposed by the caller.</summary>
    public Tensor Preprocess(RgbImage image) => images.Preprocess(pads ? images.PadToSquare(image) : image);

    /// <summary>Makes the model's input of several pictures and questions, one a row.</summary>
    /// <param name="inputs">The pictures and questions.</param>
    /// <param name="device">Where the model is.</param>
    /// <param name="lengths">The number of tokens of each row; what follows fills it up.</param>
    /// <exception cref="ArgumentException">A question is too long for the model, or holds the marker of an image.</exception>
    public LlavaInput Prepare(IReadOnlyList<DetectionInput> inputs, Device device, out IReadOnlyList<int> lengths)
    {
        var ids = TokenRows.ToTensor([.. inputs.Select(input => Tokenize(input.Question, hasImage: true))], out lengths);
        using var scope = NewDisposeScope();
        return new LlavaInput(ids, cat([.. inputs.Select(input => Preprocess(input.Image))]).to(device).MoveToOuterDisposeScope());
    }

    /// <summary>Makes the model's input.</summary>
    /// <param name="image">The picture, or null for a question without one.</param>
    /// <param name="question">The question, without the template.</param>
    /// <param name="device">Where the model is.</param>
    /// <exception cref="InvalidRequestException">The question is too long for the model, or holds the marker of an image.</exception>
    public LlavaInput Prepare(RgbImage? image, string question, Device device)
    {
        var ids = Tokenize(question, image is not null);
        using var pixels = image is null ? null : Preprocess(image);
        return new LlavaInput(DecoderReading.ToRow(ids), pixels?.to(device));
    }
}

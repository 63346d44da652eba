using System.Text.Json;
using ImgAlign.Imaging;
using Microsoft.Extensions.AI;

namespace ImgAlign.Extensions.AI;

/// <summary>What a request and its options ask for.</summary>
internal sealed class PictureOrder
{
    private const int MaxCount = 100;

    private readonly SamplingRequest settings;
    private readonly IReadOnlyList<AlignmentItem> items;

    private readonly int? rounds;

    private PictureOrder(SamplingRequest settings, IReadOnlyList<AlignmentItem> items, bool aligns, int? rounds) =>
        (this.settings, this.items, Aligns, this.rounds) = (settings, items, aligns, rounds);

    /// <summary>Whether the pictures are aligned, and not only generated.</summary>
    public bool Aligns { get; }

    /// <summary>Reads a request.</summary>
    /// <param name="request">The prompt, and a picture to align.</param>
    /// <param name="options">The options.</param>
    /// <param name="raw">What their factory gave.</param>
    /// <exception cref="InvalidRequestException">It cannot be met; the message says what to change.</exception>
    public static PictureOrder Read(ImageGenerationRequest request, ImageGenerationOptions options, object? raw)
    {
        (SamplingRequest settings, GenerationItem? template) = raw switch
        {
            null => (new GenerationRequest(), null),
            AlignmentRequest aligned => (aligned, aligned.Items is [var item, ..] ? item : null),
            GenerationRequest generated => ((SamplingRequest)generated, generated.Items is [var item, ..] ? item : null),
            _ => throw new InvalidRequestException(
                $"RawRepresentationFactory gave a {raw.GetType().Name}; give an AlignmentRequest or a GenerationRequest.",
                nameof(options.RawRepresentationFactory)
            ),
        };
        var prompt = request.Prompt ?? template?.Prompt;
        if (string.IsNullOrWhiteSpace(prompt))
            throw new InvalidRequestException("There is no prompt; say what the picture should show.", nameof(request.Prompt));
        var count = options.Count ?? 1;
        if (count is < 1 or > MaxCount)
            throw new InvalidRequestException($"Count is {count}; use 1 to {MaxCount}.", nameof(options.Count));

        var values = new OptionValues(options.AdditionalProperties);
        var picture = ReadPicture(request.OriginalImages);
        var rounds = values.Number<int>("rounds");
        var aligns = rounds is null ? raw is AlignmentRequest || (raw is null && picture is not null) : rounds > 0;
        if (rounds < 0)
            throw new InvalidRequestException($"rounds is {rounds}; use 0 to only generate, or more to align.", "rounds");
        if (!aligns && picture is not null)
            throw new InvalidRequestException("An original picture is there to be aligned, but no round is; use 1 or more.", "rounds");
        var seed = values.Number<long>("seed") ?? template?.Seed ?? Random.Shared.Next();
        var first = (template as AlignmentItem ?? new AlignmentItem(prompt)) with
        {
            Prompt = prompt,
            NegativePrompt = values.Text("negative_prompt") ?? template?.NegativePrompt,
            Size = options.ImageSize is { } size ? new ImageSize(size.Width, size.Height) : template?.Size,
            Image = picture ?? template?.Image,
            Noise = template?.Noise,
        };
        settings = settings with
        {
            Steps = values.Number<int>("steps") ?? settings.Steps,
            Guidance = values.Number<double>("guidance_scale") ?? settings.Guidance,
            ImagePromptScale = values.Number<double>("image_prompt_scale") ?? settings.ImagePromptScale,
        };
        values.RequireAllRead();
        return new PictureOrder(settings, [.. Enumerable.Range(0, count).Select(i => first with { Seed = seed + i })], aligns, rounds);
    }

    /// <summary>The request for pictures that are only generated.</summary>
    public GenerationRequest ToGeneration() => (settings as GenerationRequest ?? new GenerationRequest(settings)) with { Items = items };

    /// <summary>The request for aligned pictures.</summary>
    public AlignmentRequest ToAlignment()
    {
        var request = (settings as AlignmentRequest ?? new AlignmentRequest(settings)) with { Items = items };
        return rounds is null ? request : request with { Rounds = rounds, Budget = null };
    }

    private static RgbImage? ReadPicture(IEnumerable<AIContent>? pictures) =>
        (pictures ?? []).ToList() switch
        {
            [] => null,
            [DataContent picture] => ImageFile.Decode(picture.Data, picture.Name ?? "The original picture"),
            [var other] => throw new InvalidRequestException(
                $"The original picture is a {other.GetType().Name}; give its bytes as DataContent, since nothing is fetched from elsewhere.",
                nameof(ImageGenerationRequest.OriginalImages)
            ),
            var several => throw new InvalidRequestException(
                $"There are {several.Count} original pictures, but one at a time is aligned; make a request for each.",
                nameof(ImageGenerationRequest.OriginalImages)
            ),
        };

    /// <summary>The additional properties of the options, and which of them were read.</summary>
    private sealed class OptionValues(AdditionalPropertiesDictionary? properties)
    {
        private readonly List<string> known = [];

        public string? Text(string name) => Find(name) is { } value ? value as string ?? (value as JsonElement?)?.GetString() : null;

        public T? Number<T>(string name)
            where T : struct, IParsable<T>
        {
            if (Find(name) is not { } value)
                return null;
            var text = Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture);
            return T.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number)
                ? number
                : throw new InvalidRequestException(
                    $"{name} is '{text}'; give a {(typeof(T) == typeof(double) ? "number" : "whole number")}.",
                    name
                );
        }

        public void RequireAllRead()
        {
            if (properties?.Keys.Except(known, StringComparer.OrdinalIgnoreCase).FirstOrDefault() is { } other)
                throw new InvalidRequestException($"'{other}' is no property of this generator; {string.Join(", ", known)} are.", other);
        }

        private object? Find(string name)
        {
            known.Add(name);
            return properties?.GetValueOrDefault(name);
        }
    }
}

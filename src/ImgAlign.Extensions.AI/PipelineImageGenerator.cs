using ImgAlign.Imaging;
using Microsoft.Extensions.AI;

namespace ImgAlign.Extensions.AI;

/// <inheritdoc cref="ImageGeneratorExtensions"/>
internal sealed class PipelineImageGenerator(IGenerationPipeline generation, IAlignmentPipeline? alignment, string? modelId)
    : IImageGenerator
{
    private const string DefaultMediaType = "image/png";

    private readonly ImageGeneratorMetadata metadata = new("imgalign", providerUri: null, modelId);

    /// <inheritdoc/>
    public async Task<ImageGenerationResponse> GenerateAsync(
        ImageGenerationRequest request,
        ImageGenerationOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        options ??= new ImageGenerationOptions();
        if (options.ModelId is { } wanted && wanted != modelId)
            throw new InvalidRequestException(
                $"ModelId is '{wanted}', but this generator runs {(modelId is null ? "a model without a name" : $"'{modelId}'")}; "
                    + "leave it out.",
                nameof(options.ModelId)
            );
        if (options.ResponseFormat is not (null or ImageGenerationResponseFormat.Data))
            throw new InvalidRequestException(
                $"ResponseFormat is {options.ResponseFormat}, but pictures are kept nowhere else; ask for Data.",
                nameof(options.ResponseFormat)
            );
        var mediaType = options.MediaType ?? DefaultMediaType;
        ImageFile.Encode(new RgbImage(1, 1, new byte[3]), mediaType); // what cannot be written is refused before the run
        var order = PictureOrder.Read(request, options, options.RawRepresentationFactory?.Invoke(this));
        return order.Aligns
            ? ToResponse(await Alignment().AlignAsync(order.ToAlignment(), cancellationToken: cancellationToken), mediaType)
            : ToResponse(await generation.GenerateAsync(order.ToGeneration(), cancellationToken: cancellationToken), mediaType);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null
            ? null
            : new object?[] { this, metadata, generation, alignment }.FirstOrDefault(serviceType.IsInstanceOfType);
    }

    /// <summary>Nothing is to be done: the pipelines are disposed by whoever made them.</summary>
    public void Dispose() { }

    private IAlignmentPipeline Alignment() =>
        alignment
        ?? throw new InvalidRequestException(
            "This generator was made without an alignment pipeline; leave out rounds and original pictures, or give it one."
        );

    private static ImageGenerationResponse ToResponse(GenerationResult result, string mediaType) =>
        new([.. result.Items.Select(item => ToContent(item.Image, item.Item.Seed, item, mediaType))]) { RawRepresentation = result };

    private static ImageGenerationResponse ToResponse(AlignmentResult result, string mediaType) =>
        new([.. result.Items.Select(item => ToContent(item, mediaType))]) { RawRepresentation = result };

    private static DataContent ToContent(AlignedItem item, string mediaType)
    {
        var content = ToContent(item.Image, item.Item.Seed, item, mediaType);
        content.AdditionalProperties!["accepted"] = item.Accepted;
        content.AdditionalProperties["scores_before"] = ToDictionary(item.BaseScores);
        content.AdditionalProperties["scores_after"] = ToDictionary(item.Kept.Scores);
        return content;
    }

    private static DataContent ToContent(RgbImage image, long seed, object raw, string mediaType) =>
        new(ImageFile.Encode(image, mediaType), mediaType)
        {
            RawRepresentation = raw,
            AdditionalProperties = new AdditionalPropertiesDictionary { ["seed"] = seed },
        };

    private static Dictionary<string, double> ToDictionary(IEnumerable<NamedScore> scores) =>
        scores.ToDictionary(static score => score.Scorer, static score => score.Value);
}

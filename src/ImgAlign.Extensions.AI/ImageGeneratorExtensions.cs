using System.Diagnostics.CodeAnalysis;
using ImgAlign.DependencyInjection;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Extensions.AI;

/// <summary>
/// ImgAlign's pipelines as an <see cref="IImageGenerator"/>. A prompt gives a generated picture, the property <c>rounds</c> of
/// <see cref="ImageGenerationOptions.AdditionalProperties"/> aligns it so many times, and an original picture is aligned with the prompt,
/// in one round unless <c>rounds</c> says otherwise. Further properties are <c>seed</c> (random unless it is said; several pictures count
/// up from it), <c>steps</c>, <c>guidance_scale</c>, <c>negative_prompt</c> and <c>image_prompt_scale</c>; others are refused.
/// <see cref="ImageGenerationOptions.RawRepresentationFactory"/> may give an <see cref="AlignmentRequest"/> or a
/// <see cref="GenerationRequest"/>, whose settings and first item hold where the options say nothing. Each picture's properties are
/// <c>seed</c> and, where it was aligned, <c>accepted</c>, <c>scores_before</c> and <c>scores_after</c> (numbers by the scorers' names). The
/// raw representation of the response is the <see cref="AlignmentResult"/> or the <see cref="GenerationResult"/>.
/// </summary>
[Experimental("MEAI001")]
public static class ImageGeneratorExtensions
{
    /// <summary>Makes an image generator of pipelines, which stay the caller's to dispose.</summary>
    /// <param name="generation">Generates pictures.</param>
    /// <param name="alignment">Aligns them; null: a request for that is refused.</param>
    /// <param name="modelId">The name that the model has for callers; null: none, and a request that names one is refused.</param>
    public static IImageGenerator AsImageGenerator(
        this IGenerationPipeline generation,
        IAlignmentPipeline? alignment = null,
        string? modelId = null
    )
    {
        ArgumentNullException.ThrowIfNull(generation);
        return new PipelineImageGenerator(generation, alignment, modelId);
    }

    /// <summary>
    /// Registers an <see cref="IImageGenerator"/> that runs the container's pipelines; what is returned adds logging, telemetry, options
    /// and caches of one's own.
    /// </summary>
    /// <param name="builder">The pipelines' builder.</param>
    /// <param name="modelId">The name that the model has for callers.</param>
    public static ImageGeneratorBuilder AddImageGenerator(this ImgAlignBuilder builder, string? modelId = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Services.AddImageGenerator(provider =>
            provider.GetRequiredService<IGenerationPipeline>().AsImageGenerator(provider.GetRequiredService<IAlignmentPipeline>(), modelId)
        );
    }
}

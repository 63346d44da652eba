using ImgAlign.Imaging;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Runs of a case's models by the code that users run.</summary>
internal static class PipelineRuns
{
    /// <summary>Generates.</summary>
    public static IReadOnlyList<RgbImage> Generate(this IDiffusionBackbone backbone, GenerationRequest request)
    {
        using var pipeline = new GenerationPipeline(backbone);
        return [.. pipeline.GenerateAsync(request).GetAwaiter().GetResult().Items.Select(static item => item.Image)];
    }

    /// <summary>One round that starts from a given picture.</summary>
    public static RgbImage Align(
        this IDiffusionBackbone backbone,
        IMisalignmentDetector detector,
        IImplicitAligner aligner,
        AlignmentRequest request
    )
    {
        using var pipeline = new AlignmentPipeline(backbone, detector, aligner);
        return pipeline.AlignAsync(request).GetAwaiter().GetResult().Items[0].Image;
    }

    /// <summary>One round of a case that starts from a given picture, with the settings of its generation.</summary>
    /// <param name="golden">The case.</param>
    /// <param name="request">The generation.</param>
    /// <param name="image">The picture, <c>[H, W, 3]</c>.</param>
    /// <param name="question">What is asked; null where it does not matter.</param>
    public static AlignmentRequest AlignmentOf(
        this GoldenCase golden,
        GenerationRequest request,
        torch.Tensor image,
        string? question = null
    )
    {
        var item = request.Items[0];
        return new(
            new AlignmentItem(item.Prompt)
            {
                NegativePrompt = item.NegativePrompt,
                Seed = item.Seed,
                Size = item.Size,
                Noise = item.Noise,
                Image = ImagingKinds.ToImage(image),
                Question = question,
            }
        )
        {
            Steps = request.Steps,
            Guidance = request.Guidance,
            Family = request.Family,
            AlignerPasses = golden.Options.GetProperty("aligner_passes").GetInt32(),
            ImagePromptScale = golden.Number("ip_scale", 1),
        };
    }

    /// <summary>The picture that a case's generation starts from, or null where it begins as noise.</summary>
    public static RgbImage? StartPicture(this GoldenCase golden) =>
        !golden.Options.TryGetProperty("strength", out _) ? null
        : golden.PathOption("image") is { } path ? ImageFile.Load(path)
        : ImagingKinds.ToImage(golden.Inputs["image"]);

    /// <summary>What a generation started from: the picture in its size, and its latents.</summary>
    public static Dictionary<string, torch.Tensor> StartOutputs(this RecordedBackbone backbone) =>
        new() { ["init_image"] = ImagingKinds.ToTensor(backbone.Start!.Value.Image), ["image_latents"] = backbone.Start.Value.Latents };

    /// <summary>Pictures as outputs: one by the name, several by the name and their number.</summary>
    /// <param name="images">The pictures.</param>
    /// <param name="name">The name.</param>
    /// <param name="separator">What stands before the number.</param>
    public static IEnumerable<KeyValuePair<string, torch.Tensor>> Named(
        this IReadOnlyList<RgbImage> images,
        string name,
        string separator
    ) => images.Select((image, i) => KeyValuePair.Create(images.Count == 1 ? name : $"{name}{separator}{i}", ImagingKinds.ToTensor(image)));
}

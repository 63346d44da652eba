using System.Globalization;
using ImgAlign.Detectors;

namespace ImgAlign;

/// <summary>Checks requests before anything is allocated, and fills in the backbone's defaults.</summary>
internal static class RequestRules
{
    private const int MaxSteps = 1000;
    private const int MaxSide = 8192;
    private const int MaxRounds = 100;
    private const int MaxPasses = 100;
    private const int MaxCritiqueTokens = 4096;

    /// <summary>The request with all defaults filled in.</summary>
    /// <exception cref="ImgAlignException">A value is out of its range; the message names it.</exception>
    public static AlignmentRequest Resolve(AlignmentRequest request, BackboneInfo backbone, bool canScore)
    {
        RequireQuestion(request.Prompt, request.Question, request.Seed, request.CritiqueTokens);
        RequireRange(request.Rounds, 1, MaxRounds, nameof(request.Rounds));
        RequireRange(request.AlignerPasses, 1, MaxPasses, nameof(request.AlignerPasses));
        var scale = request.ImagePromptScale ?? backbone.DefaultImagePromptScale;
        RequireNotNegative(scale, nameof(request.ImagePromptScale));
        if (request.SufficientScore is { } score)
        {
            if (!double.IsFinite(score)) throw new ImgAlignException($"SufficientScore is {Text(score)}; give a finite number, or null.");
            if (!canScore) throw new ImgAlignException("SufficientScore was given, but there is no scorer to compare it with; add one, or leave it null.");
        }
        if (request is { Image: { } image, Size: null } && !Fits(image.Size, backbone))
            throw new ImgAlignException($"The picture is {image.Size}, which {backbone.Name} cannot generate: set Size, for example to {Nearest(image.Size, backbone)}.");
        return Sampling(request, backbone, request.Image?.Size) with { ImagePromptScale = scale };
    }

    /// <inheritdoc cref="Resolve(AlignmentRequest, BackboneInfo, bool)"/>
    public static GenerationRequest Resolve(GenerationRequest request, BackboneInfo backbone)
    {
        if (request.Prompts.Count == 0) throw new ImgAlignException("Prompts is empty; give at least one.");
        foreach (var prompt in request.Prompts) RequireText(prompt, nameof(request.Prompts));
        return Sampling(request, backbone, null);
    }

    /// <summary>Checks what a question to the detector is made of.</summary>
    /// <exception cref="ImgAlignException">A value is out of its range; the message names it.</exception>
    public static void RequireQuestion(string prompt, string? question, long seed, int maxNewTokens)
    {
        RequireText(prompt, "Prompt");
        if (question is not null) Questions.Ask(question, prompt);
        RequireSeed(seed);
        RequireRange(maxNewTokens, 1, MaxCritiqueTokens, "The number of tokens of the critique");
    }

    private static T Sampling<T>(T request, BackboneInfo backbone, ImageSize? imageSize) where T : SamplingRequest
    {
        RequireSeed(request.Seed);
        var steps = request.Steps ?? backbone.DefaultSteps;
        RequireRange(steps, 1, MaxSteps, nameof(request.Steps));
        var guidance = request.Guidance ?? backbone.DefaultGuidance;
        RequireNotNegative(guidance, nameof(request.Guidance));
        if (request.GuidanceInterval is { } guided && !(guided.Start >= 0 && guided.Start <= guided.End && guided.End <= 1))
            throw new ImgAlignException($"GuidanceInterval is {Text(guided.Start)} to {Text(guided.End)}; use two numbers from 0 to 1, the smaller one first.");
        var size = request.Size ?? imageSize ?? backbone.DefaultSize;
        if (backbone.FixedSize is { } only && size != only)
            throw new ImgAlignException($"Size is {size}, but {backbone.Name} generates pictures of {only} only; leave it null.");
        if (!Fits(size, backbone))
            throw new ImgAlignException($"Size is {size}, but {backbone.Name} needs sides of at most {MaxSide} that are multiples of {backbone.SizeMultiple}: use {Nearest(size, backbone)}.");
        if (request.PreviewInterval is { } interval) RequireRange(interval, 1, MaxSteps, nameof(request.PreviewInterval));
        if (request.MicroConditioning is { } micro) Require(micro, backbone);
        SamplingRequest resolved = request with { Steps = steps, Guidance = guidance, Size = size };
        return (T)resolved;
    }

    private static void Require(MicroConditioning micro, BackboneInfo backbone)
    {
        if (!backbone.SupportsMicroConditioning)
            throw new ImgAlignException($"MicroConditioning was given, but {backbone.Name} has none; leave it null.");
        foreach (var size in new[] { micro.OriginalSize, micro.TargetSize })
        {
            if (size is { Width: < 1 } or { Height: < 1 })
                throw new ImgAlignException($"MicroConditioning has the size {size}; sides are at least 1.");
        }
        if (micro.CropTop < 0 || micro.CropLeft < 0)
            throw new ImgAlignException($"MicroConditioning crops {Text(micro.CropTop)} and {Text(micro.CropLeft)} pixels; use 0 or more.");
    }

    private static bool Fits(ImageSize size, BackboneInfo backbone) =>
        backbone.FixedSize is { } only ? size == only : SideFits(size.Width, backbone) && SideFits(size.Height, backbone);

    private static bool SideFits(int side, BackboneInfo backbone) => side > 0 && side <= MaxSide && side % backbone.SizeMultiple == 0;

    private static ImageSize Nearest(ImageSize size, BackboneInfo backbone) => backbone.FixedSize ?? new(Nearest(size.Width, backbone), Nearest(size.Height, backbone));

    private static int Nearest(int side, BackboneInfo backbone)
    {
        var multiple = backbone.SizeMultiple;
        return Math.Clamp((int)Math.Round((double)side / multiple), 1, MaxSide / multiple) * multiple;
    }

    private static void RequireText(string? text, string name)
    {
        if (string.IsNullOrWhiteSpace(text)) throw new ImgAlignException($"{name} is empty; write at least one word.");
    }

    private static void RequireSeed(long seed)
    {
        if (seed < 0) throw new ImgAlignException($"Seed is {Text(seed)}; use 0 to {Text(long.MaxValue)}.");
    }

    private static void RequireRange(int value, int least, int most, string name)
    {
        if (value < least || value > most) throw new ImgAlignException($"{name} is {Text(value)}; use {Text(least)} to {Text(most)}.");
    }

    private static void RequireNotNegative(double value, string name)
    {
        if (!double.IsFinite(value) || value < 0) throw new ImgAlignException($"{name} is {Text(value)}; use a finite number of 0 or more.");
    }

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}

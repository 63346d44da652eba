using System.Globalization;
using ImgAlign.Detectors;

namespace ImgAlign;

/// <summary>Checks requests before anything is allocated, and fills in the backbone's defaults.</summary>
internal static class RequestRules
{
    private const int MaxSteps = 1000;
    private const int MaxRounds = 100;
    private const int MaxPasses = 100;
    private const int MaxCritiqueTokens = 4096;

    /// <summary>The request with all defaults filled in.</summary>
    /// <exception cref="InvalidRequestException">A value is out of its range; the message names it.</exception>
    public static AlignmentRequest Resolve(AlignmentRequest request, BackboneInfo backbone, bool canScore)
    {
        RequireQuestion(request.Prompt, request.Question, request.Seed, request.CritiqueTokens);
        RequireRange(request.Rounds, 1, MaxRounds, nameof(request.Rounds));
        RequireRange(request.AlignerPasses, 1, MaxPasses, nameof(request.AlignerPasses));
        var scale = request.ImagePromptScale ?? backbone.DefaultImagePromptScale;
        RequireNotNegative(scale, nameof(request.ImagePromptScale));
        if (request.SufficientScore is { } score)
        {
            if (!double.IsFinite(score)) throw new InvalidRequestException($"SufficientScore is {Text(score)}; give a finite number, or leave it out.", nameof(request.SufficientScore));
            if (!canScore) throw new InvalidRequestException("SufficientScore was given, but there is no scorer to compare it with; add one, or leave it out.", nameof(request.SufficientScore));
        }
        return Sampling(request, backbone, request.Image is { } image ? SizeFor(image.Size, backbone) : null) with { ImagePromptScale = scale };
    }

    /// <inheritdoc cref="Resolve(AlignmentRequest, BackboneInfo, bool)"/>
    public static GenerationRequest Resolve(GenerationRequest request, BackboneInfo backbone)
    {
        if (request.Prompts.Count == 0) throw new InvalidRequestException("Prompts is empty; give at least one.", nameof(request.Prompts));
        foreach (var prompt in request.Prompts) RequireText(prompt, nameof(request.Prompts));
        return Sampling(request, backbone, null);
    }

    /// <summary>Checks what a question to the detector is made of.</summary>
    /// <exception cref="InvalidRequestException">A value is out of its range; the message names it.</exception>
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
            throw new InvalidRequestException(
                $"GuidanceInterval is {Text(guided.Start)} to {Text(guided.End)}; use two numbers from 0 to 1, the smaller one first.", nameof(request.GuidanceInterval));
        if (!Enum.IsDefined(request.GuidanceBranches))
            throw new InvalidRequestException(
                $"GuidanceBranches is {Text((int)request.GuidanceBranches)}; use {string.Join(" or ", Enum.GetNames<GuidanceBranches>())}.", nameof(request.GuidanceBranches));
        var size = request.Size ?? imageSize ?? backbone.DefaultSize;
        if (backbone.FixedSize is { } only && size != only)
            throw new InvalidRequestException($"Size is {size}, but {backbone.Name} generates pictures of {only} only; leave it out.", nameof(request.Size));
        if (!SideFits(size.Width, backbone) || !SideFits(size.Height, backbone))
        {
            throw new InvalidRequestException(
                $"Size is {size}, but {backbone.Name} needs sides of at most {PictureSize.MaxSide} that are multiples of {backbone.SizeMultiple}: use {SizeFor(size, backbone)}.",
                nameof(request.Size));
        }
        if (request.PreviewInterval is { } interval) RequireRange(interval, 1, MaxSteps, nameof(request.PreviewInterval));
        if (request.MicroConditioning is { } micro) Require(micro, backbone);
        SamplingRequest resolved = request with { Steps = steps, Guidance = guidance, Size = size };
        return (T)resolved;
    }

    private static void Require(MicroConditioning micro, BackboneInfo backbone)
    {
        if (!backbone.SupportsMicroConditioning)
            throw new InvalidRequestException($"MicroConditioning was given, but {backbone.Name} has none; leave it out.", nameof(SamplingRequest.MicroConditioning));
        foreach (var size in new[] { micro.OriginalSize, micro.TargetSize })
        {
            if (size is { Width: < 1 } or { Height: < 1 })
                throw new InvalidRequestException($"MicroConditioning has the size {size}; sides are at least 1.", nameof(SamplingRequest.MicroConditioning));
        }
        if (micro.CropTop < 0 || micro.CropLeft < 0)
            throw new InvalidRequestException($"MicroConditioning crops {Text(micro.CropTop)} and {Text(micro.CropLeft)} pixels; use 0 or more.", nameof(SamplingRequest.MicroConditioning));
    }

    private static bool SideFits(int side, BackboneInfo backbone) => side > 0 && side <= PictureSize.MaxSide && side % backbone.SizeMultiple == 0;

    private static ImageSize SizeFor(ImageSize picture, BackboneInfo backbone) =>
        backbone.FixedSize ?? PictureSize.For(picture, backbone.DefaultSize, backbone.SizeMultiple);

    private static void RequireText(string? text, string name)
    {
        if (string.IsNullOrWhiteSpace(text)) throw new InvalidRequestException($"{name} is empty; write at least one word.", name);
    }

    private static void RequireSeed(long seed)
    {
        if (seed < 0) throw new InvalidRequestException($"Seed is {Text(seed)}; use 0 to {Text(long.MaxValue)}.", "Seed");
    }

    private static void RequireRange(int value, int least, int most, string name)
    {
        if (value < least || value > most) throw new InvalidRequestException($"{name} is {Text(value)}; use {Text(least)} to {Text(most)}.", name);
    }

    private static void RequireNotNegative(double value, string name)
    {
        if (!double.IsFinite(value) || value < 0) throw new InvalidRequestException($"{name} is {Text(value)}; use a finite number of 0 or more.", name);
    }

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}

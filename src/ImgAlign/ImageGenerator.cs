using System.Diagnostics;
using ImgAlign.Sampling;
using ImgAlign.Telemetry;
using static TorchSharp.torch;

namespace ImgAlign;

/// <summary>
/// Generates from the same prompt features and the same noise as often as asked, with another image prompt each time. All are borrowed.
/// </summary>
/// <param name="backbone">The base model.</param>
/// <param name="request">With all defaults filled in.</param>
/// <param name="text">With guidance the unconditional prompts' features and then the prompts', else the prompts' alone.</param>
/// <param name="noise">Unit normal noise <c>[B, C, h, w]</c>.</param>
/// <param name="run">The recorder.</param>
internal sealed class ImageGenerator(IDiffusionBackbone backbone, SamplingRequest request, TextFeatures text, Tensor noise, RunRecorder run)
{
    private readonly SigmaSchedule schedule = backbone.CreateSchedule(request.Steps!.Value, request.Size!.Value);

    private long Batch => noise.shape[0];

    /// <summary>One picture for each of the B prompts.</summary>
    /// <param name="imagePrompt">Image-prompt features <c>[1, n, d]</c>, or null for none.</param>
    /// <param name="unconditionalImagePrompt">Those of the unconditional half, at the same scale.</param>
    /// <param name="imagePromptScale">Their scale.</param>
    public IReadOnlyList<RgbImage> Generate(Tensor? imagePrompt = null, Tensor? unconditionalImagePrompt = null, double imagePromptScale = 0)
    {
        using var latents = run.Stage(AlignmentStage.Generate, backbone.Info.Name, () =>
        {
            using var guidance = Prepare(imagePrompt, unconditionalImagePrompt, imagePromptScale);
            return DenoisingLoop.Run(schedule, noise, guidance.Derivative, StepReporter(), run.CancellationToken);
        }, schedule.Steps.Count);
        return run.Stage(AlignmentStage.Decode, backbone.Info.Name, () => backbone.Decode(latents));
    }

    private Guidance Prepare(Tensor? imagePrompt, Tensor? unconditionalImagePrompt, double imagePromptScale)
    {
        var (start, end) = GuidedSteps();
        var isGuided = start < end;
        var isApart = isGuided && request.GuidanceBranches == GuidanceBranches.Apart;
        var guidance = new Guidance(backbone, request.Guidance!.Value, start, end);
        try
        {
            // No dispose scope here: it would take the conditionings' tensors along.
            using var images = imagePrompt?.expand(Batch, -1, -1);
            using var noImages = isGuided ? unconditionalImagePrompt?.expand(Batch, -1, -1) : null;
            if (!isGuided || isApart || start > 0 || end < schedule.Steps.Count) guidance.Prompts = ConditionBranch(text.Batch - Batch, images, imagePromptScale);
            if (isApart) guidance.Unconditional = ConditionBranch(0, noImages, imagePromptScale);
            if (isGuided && !isApart)
            {
                using var both = images is null ? null : cat([noImages!, images]);
                guidance.Both = Condition(text, both, imagePromptScale);
            }
            return guidance;
        }
        catch
        {
            guidance.Dispose();
            throw;
        }
    }

    // From the first step with guidance to the one behind the last; without the unconditional prompts' features, none.
    private (int Start, int End) GuidedSteps()
    {
        var steps = schedule.Steps.Count;
        if (text.Batch == Batch) return (steps, steps);
        var (start, end) = request.GuidanceInterval is { } interval ? ((int)Math.Round(interval.Start * steps), (int)Math.Round(interval.End * steps)) : (0, steps);
        return (Math.Max(start, backbone.Info.GuidanceStartStep), end);
    }

    // The prompts' features or the unconditional ones.
    private Conditioning ConditionBranch(long first, Tensor? images, double imagePromptScale)
    {
        using var branch = new TextFeatures(text.Tokens.narrow(0, first, Batch), text.Pooled.narrow(0, first, Batch));
        return Condition(branch, images, imagePromptScale);
    }

    private Conditioning Condition(TextFeatures prompts, Tensor? images, double imagePromptScale) =>
        backbone.Condition(prompts, images, imagePromptScale, request.Size!.Value, request.MicroConditioning);

    // Of a batch, the first picture.
    private RgbImage Preview(Tensor estimate)
    {
        using var first = estimate.narrow(0, 0, 1);
        return backbone.Decode(first)[0];
    }

    private Action<SigmaStep, Tensor> StepReporter()
    {
        var started = Stopwatch.GetTimestamp();
        return (step, estimate) =>
        {
            var duration = Stopwatch.GetElapsedTime(started);
            var done = step.Index + 1;
            var preview = request.PreviewInterval is { } interval && done % interval == 0 ? Preview(estimate) : null;
            run.Step(AlignmentStage.Generate, done, schedule.Steps.Count, duration, preview);
            started = Stopwatch.GetTimestamp();
        };
    }
}

namespace ImgAlign;

/// <summary>A plain text-to-image generation: one picture a prompt, all in one batch.</summary>
public sealed record GenerationRequest : SamplingRequest
{
    /// <summary>What the pictures should show, at least one prompt. The first picture is the one that its prompt would give alone.</summary>
    public required IReadOnlyList<string> Prompts { get; init; }
}

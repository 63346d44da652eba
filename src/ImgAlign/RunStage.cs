namespace ImgAlign;

/// <summary>The stages of a run, in their order.</summary>
public enum RunStage
{
    /// <summary>The prompts become features.</summary>
    EncodePrompt,

    /// <summary>The pictures that generations start from become latents.</summary>
    EncodeStart,

    /// <summary>The sampler's steps.</summary>
    Generate,

    /// <summary>The latents become pictures.</summary>
    Decode,

    /// <summary>Scorers score pictures.</summary>
    Score,

    /// <summary>The pictures become image-prompt features.</summary>
    EncodeImage,

    /// <summary>The detector reads pictures and questions; with <see cref="AlignmentRequest.DescribeCritique"/> it then also answers in
    /// words.</summary>
    Detect,

    /// <summary>The detector reads and answers in words, where nothing but the answer is asked for
    /// (<see cref="IAlignmentPipeline.DescribeAsync"/>).</summary>
    Describe,

    /// <summary>The aligner moves the image-prompt features.</summary>
    Align,
}

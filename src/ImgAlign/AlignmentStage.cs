namespace ImgAlign;

/// <summary>The stages of a run, in their order.</summary>
public enum AlignmentStage
{
    /// <summary>The prompts become features.</summary>
    EncodePrompt,

    /// <summary>The sampler's steps.</summary>
    Generate,

    /// <summary>The latents become a picture.</summary>
    Decode,

    /// <summary>Scorers judge a picture.</summary>
    Score,

    /// <summary>The picture becomes image-prompt features.</summary>
    EncodeImage,

    /// <summary>The detector reads picture and question; with <see cref="AlignmentRequest.DescribeCritique"/> it then also answers in words.</summary>
    Detect,

    /// <summary>The detector reads and answers in words, where nothing but the answer is asked for (<see cref="AlignmentPipeline.DescribeAsync"/>).</summary>
    Describe,

    /// <summary>The aligner moves the image-prompt features.</summary>
    Align,
}

namespace ImgAlign;

/// <summary>What a run asks of its models, as far as the memory that they need depends on it.</summary>
public sealed record Workload
{
    /// <summary>The size of the pictures in pixels.</summary>
    public required ImageSize Size { get; init; }

    /// <summary>The number of pictures at once.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>How many branches of guidance are computed as one batch: 2, or 1 where they run one after the other or there is no
    /// guidance.</summary>
    public int BranchesAtOnce { get; init; } = 2;

    /// <summary>Whether pictures are encoded that generations start from.</summary>
    public bool EncodesPictures { get; init; }

    /// <summary>Whether previews are made while pictures are generated.</summary>
    public bool HasPreviews { get; init; }

    /// <summary>Whether memory does not suffice for whole pictures, so that models that can work tile by tile are to do so.</summary>
    public bool InTiles { get; init; }

    /// <summary>The most tokens of a prompt's features (<see cref="PromptReading.Tokens"/>); 0: as many as any prompt has.</summary>
    public int TextTokens { get; init; }

    /// <summary>The longest question to the detector; null: one of usual length.</summary>
    public string? Question { get; init; }

    /// <summary>Whether a multimodal language model judges pictures: it then remembers what it has read of one.</summary>
    public bool Judges { get; init; }

    /// <summary>The most tokens of the detector's answer in words; 0: none.</summary>
    public int CritiqueTokens { get; init; }
}

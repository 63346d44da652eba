namespace ImgAlign.Evaluation;

/// <summary>The models of an evaluation, and what tells their pictures and scores from those of other models.</summary>
public sealed class EvaluationModels : IAsyncDisposable
{
    /// <summary>What generates.</summary>
    public required IGenerationPipeline Generation { get; init; }

    /// <summary>What aligns; null: there are no detector and aligner, and arms that need them cannot run.</summary>
    public IAlignmentPipeline? Alignment { get; init; }

    /// <summary>What searches, with the scorers of <see cref="Gate"/>; null: arms with a policy cannot run.</summary>
    public IAlignmentPipeline? Search { get; init; }

    /// <summary>The scorers; each reports, and <see cref="Gate"/> decides by those that it names.</summary>
    public IReadOnlyList<IImageScorer> Scorers { get; init; } = [];

    /// <summary>What decides which of two pictures is kept; null: arms that need it cannot run.</summary>
    public IAcceptance? Gate { get; init; }

    /// <summary>What the base model's pictures depend on: its configuration and the hashes of its weights.</summary>
    public required string GenerationIdentity { get; init; }

    /// <summary>What a round depends on beside it: configuration and weights of detector and aligner.</summary>
    public required string AlignmentIdentity { get; init; }

    /// <summary>What a scorer's numbers depend on, by its name; one that is not there is its name alone.</summary>
    public IReadOnlyDictionary<string, string> ScorerIdentities { get; init; } = new Dictionary<string, string>();

    /// <summary>The kind of device that computes, such as the processor's name: other kinds round otherwise.</summary>
    public required string DeviceKind { get; init; }

    /// <summary>What the pictures' files say of their making; null: nothing.</summary>
    public IPictureTexts? Texts { get; init; }

    /// <summary>What owns the models, and is disposed with this.</summary>
    public IAsyncDisposable? Owner { get; init; }

    /// <summary>Disposes <see cref="Owner"/>.</summary>
    public ValueTask DisposeAsync() => Owner?.DisposeAsync() ?? ValueTask.CompletedTask;
}

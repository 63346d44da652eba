namespace ImgAlign;

/// <summary>Keeps every round's picture, and runs all rounds; every scorer only reports.</summary>
public sealed record AcceptAll : IAcceptance
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Scorers => [];

    /// <inheritdoc/>
    public string Description => "every picture is kept";

    /// <inheritdoc/>
    public bool Accepts(IReadOnlyList<NamedScore> before, IReadOnlyList<NamedScore> after) => true;

    /// <inheritdoc/>
    public bool IsDone(IReadOnlyList<NamedScore> kept, bool? lastAccepted) => false;
}

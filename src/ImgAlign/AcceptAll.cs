namespace ImgAlign;

/// <summary>Keeps every picture, and spends the whole budget; every scorer only reports.</summary>
public sealed record AcceptAll : IAcceptance
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Scorers => [];

    /// <inheritdoc/>
    public string Description => "every picture is kept";

    /// <inheritdoc/>
    public bool Accepts(IReadOnlyList<NamedScore> before, IReadOnlyList<NamedScore> after) => true;

    /// <inheritdoc/>
    public bool IsEnough(IReadOnlyList<NamedScore> kept) => false;
}

namespace ImgAlign;

/// <summary>
/// Which noise levels a generation goes through. Values that are null are those of the model's <c>scheduler_config.json</c>.
/// </summary>
public sealed record NoiseLevelOptions
{
    /// <summary>How the levels are spaced between the highest and the lowest.</summary>
    public NoiseLevelSpacing? Spacing { get; init; }

    /// <summary>Which timesteps of training are gone through; models of flow matching have none.</summary>
    public TimestepSpacing? TimestepSpacing { get; init; }

    /// <summary>
    /// The timesteps themselves, falling, in the unit of training (such as AYS: 999, 845, 730, 587, 443, 310, 193, 116, 53, 13).
    /// </summary>
    public IReadOnlyList<double>? Timesteps { get; init; }

    /// <summary>
    /// The noise levels themselves, falling: where each step begins, and last where the last one ends, usually 0. For models of flow
    /// matching the times from 1, which are shifted as the model's own are.
    /// </summary>
    public IReadOnlyList<double>? Sigmas { get; init; }

    /// <summary>
    /// The shift of a flow's times towards noise, above 0, whatever the size of the picture; 1 leaves them as they are. Other models have
    /// none.
    /// </summary>
    public double? Shift { get; init; }

    /// <summary>The number of steps that lists given make; null where none is given.</summary>
    public int? Steps => Timesteps?.Count ?? (Sigmas is { } levels ? levels.Count - 1 : null);
}

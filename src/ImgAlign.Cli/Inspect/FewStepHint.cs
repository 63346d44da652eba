using System.Globalization;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;

namespace ImgAlign.Cli.Inspect;

/// <summary>A sign that a checkpoint was distilled to few steps, and the preset that goes with it.</summary>
/// <param name="Distillation">Which way of distillation.</param>
/// <param name="Steps">The number of steps; null: the sign does not tell.</param>
/// <param name="Evidence">Where the sign is.</param>
/// <param name="Presets">The presets that may be meant.</param>
internal sealed record FewStepHint(string Distillation, int? Steps, string Evidence, IReadOnlyList<string> Presets)
{
    /// <summary>The hints of a checkpoint's name and header.</summary>
    public static IReadOnlyList<FewStepHint> Of(string path) =>
        [
            .. DistillationSigns
                .Of(path)
                .Select(static sign => new FewStepHint(
                    sign.Distillation,
                    sign.Steps,
                    sign.Evidence,
                    [.. SamplingPresets.All.Where(preset => preset.Fits(sign)).Select(static preset => preset.Name)]
                )),
        ];

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Distillation}{(Steps is { } steps ? $" for {steps.ToString(CultureInfo.InvariantCulture)} steps" : "")}, by {Evidence}"
        + (Presets.Count == 0 ? "" : $": --preset {string.Join(" or ", Presets)}");
}

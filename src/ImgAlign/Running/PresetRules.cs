using ImgAlign.Backbones;

namespace ImgAlign.Running;

/// <summary>What a preset adds to a request: values that the request itself leaves open.</summary>
internal static class PresetRules
{
    /// <summary>The request with the values of its preset.</summary>
    /// <exception cref="InvalidRequestException">The preset has a list of timesteps for another number of steps.</exception>
    public static SamplingRequest Fill(SamplingRequest request, SamplingPreset preset)
    {
        var levels = Fill(request.NoiseLevels ?? new NoiseLevelOptions(), preset.NoiseLevels);
        var ownSteps = preset.NoiseLevels.Timesteps is { } own && ReferenceEquals(own, levels.Timesteps) ? levels.Steps : null;
        if (ownSteps is { } listed && request.Steps is { } asked && asked != listed)
        {
            throw new InvalidRequestException(
                FormattableString.Invariant(
                    $"Steps is {asked}, but the preset {preset.Name} has a list of timesteps for {listed}; leave Steps out, "
                ) + "or give timesteps as well.",
                nameof(request.Steps)
            );
        }
        return request with
        {
            Steps = request.Steps ?? levels.Steps ?? preset.Steps,
            Guidance = request.Guidance ?? preset.Guidance,
            Sampler = request.Sampler ?? preset.Sampler,
            Eta = request.Eta ?? (request.Sampler is null ? preset.Eta : null),
            NoiseLevels = levels,
            Family = request.Family ?? preset.Family,
        };
    }

    // Own levels take the place of the preset's; a list leaves nothing to space, and a spacing beside it is refused as without a preset.
    private static NoiseLevelOptions Fill(NoiseLevelOptions asked, NoiseLevelOptions preset)
    {
        var hasList = asked.Timesteps is not null || asked.Sigmas is not null;
        var isOwn = hasList || asked.Spacing is not null || asked.TimestepSpacing is not null;
        return asked with
        {
            TimestepSpacing = asked.TimestepSpacing ?? (hasList ? null : preset.TimestepSpacing),
            Timesteps = isOwn ? asked.Timesteps : preset.Timesteps,
            Shift = asked.Shift ?? preset.Shift,
        };
    }
}

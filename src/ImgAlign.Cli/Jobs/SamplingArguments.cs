using System.CommandLine;
using System.Text.Json;
using ImgAlign.Backbones;

namespace ImgAlign.Cli.Jobs;

/// <summary>The options that say how pictures are sampled.</summary>
internal sealed class SamplingArguments
{
    private readonly Option<string?> preset = new Option<string?>("--preset")
    {
        Description =
            $"The settings of a published model, such as lightning-4: {SamplingPresets.Names}. Other options come before it "
            + "(docs/presets.md).",
    }.AcceptOnlyFromAmong([.. SamplingPresets.All.Select(static known => known.Name)]);
    private readonly Option<int?> steps = ValueOption.Number<int>(
        "--steps",
        "The number of sampler steps; the model's own unless it is said."
    );
    private readonly Option<string?> sampler = new Option<string?>("--sampler")
    {
        Description = $"The sampler: {Names}; the one that the model's scheduler_config.json names unless it is said.",
    }.AcceptOnlyFromAmong([.. Samplers.All.Select(static known => known.Name)]);
    private readonly Option<double?> strength = ValueOption.Number<double>(
        "--strength",
        "Start from the picture of --image, and run this share of the steps, above 0 and up to 1: the less, the more of it stays."
    );
    private readonly Option<double?> eta = ValueOption.Number<double>(
        "--eta",
        "ddim, tcd: the share of new noise in each step, 0 to 1; none unless it is said."
    );
    private readonly Option<NoiseLevelSpacing?> noiseLevels = ValueOption.Choice<NoiseLevelSpacing>(
        "--noise-levels",
        "How the noise levels are spaced; as the model's scheduler_config.json says unless it is said",
        JsonNamingPolicy.KebabCaseLower
    );
    private readonly Option<TimestepSpacing?> timestepSpacing = ValueOption.Choice<TimestepSpacing>(
        "--timestep-spacing",
        "Which timesteps of training are gone through",
        JsonNamingPolicy.KebabCaseLower
    );
    private readonly Option<IReadOnlyList<double>?> timesteps = ValueOption.Numbers(
        "--timesteps",
        "The timesteps themselves in place of --steps, falling, such as 999,749,499,249."
    );
    private readonly Option<IReadOnlyList<double>?> sigmas = ValueOption.Numbers(
        "--sigmas",
        "The noise levels themselves in place of --steps, falling, and last the one that the last step ends at, such as "
            + "14.6,2.7,0.6,0, or for a flow 1,0.8,0.5,0."
    );
    private readonly Option<double?> shift = ValueOption.Number<double>(
        "--shift",
        "FLUX: the shift of the times towards noise, whatever the size of the picture; 1 leaves them as they are."
    );
    private readonly Option<double?> guidance = ValueOption.Number<double>(
        "--guidance",
        "The guidance scale as the model's card gives it; the model's own unless it is said."
    );
    private readonly Option<double?> trueGuidance = ValueOption.Number<double>(
        "--true-guidance",
        "FLUX: the scale of classifier-free guidance, which comes on top of --guidance."
    );
    private readonly Option<bool> promptWeights = new("--prompt-weights")
    {
        Description =
            "SDXL: prompts are of any length and in the notation of weights: (word:1.3), (word), [word], BREAK, and a backslash before a "
            + "bracket that is text.",
    };
    private readonly Option<double?> guidanceStart = ValueOption.Number<double>(
        "--guidance-start",
        "The share of the steps, 0 to 1, from which on there is guidance."
    );
    private readonly Option<double?> guidanceEnd = ValueOption.Number<double>(
        "--guidance-end",
        "The share of the steps, 0 to 1, up to which there is guidance."
    );
    private readonly Option<double?> guidanceRescale = ValueOption.Number<double>(
        "--guidance-rescale",
        "How far guidance's spread is brought back to that of the prompt's branch, 0 to 1; models of zero terminal SNR use 0.7."
    );
    private readonly Option<GuidanceBranches?> branches = ValueOption.Choice<GuidanceBranches>(
        "--guidance-branches",
        "Whether guidance's two branches run together, or apart in half the memory"
    );
    private readonly Option<int?> batchSize = ValueOption.Number<int>(
        "--batch-size",
        "The most pictures that are computed at once; 8 unless it is said, and fewer where memory is short."
    );

    /// <summary>The scale of the image prompt, which commands without one leave out.</summary>
    public Option<double?> Scale { get; } = ValueOption.Number<double>("--scale", "The scale of the image prompt; IMG's is 0.2.");

    /// <summary>The folder of previews, which commands that show none leave out.</summary>
    public Option<string?> Preview { get; } =
        new("--preview")
        {
            Description =
                "A folder for a picture after every step, of what it looks like so far; with --tiny-vae they cost little, without it a "
                + "decode each.",
        };

    /// <summary>All of them.</summary>
    public IEnumerable<Option> Options =>
        [
            Scale,
            strength,
            preset,
            steps,
            sampler,
            eta,
            noiseLevels,
            timestepSpacing,
            timesteps,
            sigmas,
            shift,
            guidance,
            trueGuidance,
            promptWeights,
            guidanceStart,
            guidanceEnd,
            guidanceRescale,
            branches,
            batchSize,
            Preview,
        ];

    /// <summary>Those that pictures depend on, but for rounding.</summary>
    public IEnumerable<Option> OfPictures => Options.Except([batchSize, Preview]);

    /// <summary>Those that samples of the base model depend on, which have no image prompt and start from noise.</summary>
    public IEnumerable<Option> OfSamples => OfPictures.Except([Scale, strength]);

    private static string Names => string.Join(", ", Samplers.All.Select(static known => known.Name));

    /// <summary>The scale of FLUX's classifier-free guidance that was asked for, if one was.</summary>
    public static double? TrueGuidanceOf(SamplingSettings settings) => (settings.Family as FluxSettings)?.TrueGuidance;

    /// <summary>A request with what the command line says.</summary>
    /// <exception cref="ImgAlignException">The batch size is less than 1.</exception>
    public T Apply<T>(ParseResult parsed, T request)
        where T : SamplingRequest =>
        (T)(
            request with
            {
                ImagePromptScale = parsed.GetValue(Scale),
                Preset = parsed.GetValue(preset),
                Steps = parsed.GetValue(steps),
                Sampler = parsed.GetValue(sampler) is { } name ? Samplers.ByName(name) : null,
                Strength = parsed.GetValue(strength),
                Eta = parsed.GetValue(eta),
                NoiseLevels = new NoiseLevelOptions
                {
                    Spacing = parsed.GetValue(noiseLevels),
                    TimestepSpacing = parsed.GetValue(timestepSpacing),
                    Timesteps = parsed.GetValue(timesteps),
                    Sigmas = parsed.GetValue(sigmas),
                    Shift = parsed.GetValue(shift),
                },
                Guidance = parsed.GetValue(guidance),
                GuidanceRescale = parsed.GetValue(guidanceRescale) ?? 0,
                Family = FamilyOf(parsed),
                GuidanceInterval = (parsed.GetValue(guidanceStart), parsed.GetValue(guidanceEnd)) is (null, null)
                    ? null
                    : new GuidanceInterval(parsed.GetValue(guidanceStart) ?? 0, parsed.GetValue(guidanceEnd) ?? 1),
                GuidanceBranches = parsed.GetValue(branches) ?? default,
                PreviewInterval = parsed.GetValue(Preview) is null ? null : 1,
                MaxBatchSize = BatchSize(parsed) ?? request.MaxBatchSize,
            }
        );

    /// <summary>What is done with previews of jobs; null: there are none.</summary>
    /// <exception cref="IOException">Their folder cannot be written.</exception>
    public Action<PreviewReady, IReadOnlyList<PictureJob>>? PreviewsOf(ParseResult parsed)
    {
        if (parsed.GetValue(Preview) is not { } folder)
            return null;
        OutputPath.RequireWritable(folder);
        return new PreviewFolder(folder).Save;
    }

    private IFamilySettings? FamilyOf(ParseResult parsed) =>
        (parsed.GetValue(trueGuidance), parsed.GetValue(promptWeights)) switch
        {
            (null, false) => null,
            ({ } scale, false) => new FluxSettings { TrueGuidance = scale },
            (null, true) => new SdxlSettings { PromptWeights = true },
            _ => throw new ImgAlignException("--true-guidance is for FLUX, and --prompt-weights for SDXL; leave one out."),
        };

    // Jobs are divided by it before a request is made of them, which would refuse it too.
    private int? BatchSize(ParseResult parsed) =>
        parsed.GetValue(batchSize) is not { } size ? null
        : size >= 1 ? size
        : throw new ImgAlignException($"--batch-size is {size}; use 1 or more.");
}

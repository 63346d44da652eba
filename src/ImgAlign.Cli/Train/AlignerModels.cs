using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.DependencyInjection;
using ImgAlign.Detectors;
using ImgAlign.Recipes;
using ImgAlign.Runtime;
using ImgAlign.Training.Aligner;
using ImgAlign.Training.Data;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Cli.Train;

/// <summary>The frozen networks of an aligner's training, and what tells them from others.</summary>
internal static class AlignerModels
{
    private static readonly string[] ImagePromptPaths =
    [
        nameof(SdxlOptions.ImagePromptPath),
        nameof(SdxlOptions.ImageEncoderPath),
        nameof(SdxlOptions.ResamplerPath),
        nameof(SdxlOptions.AdapterPath),
        nameof(FluxOptions.ReduxPath),
    ];

    private static readonly string[] DetectorPaths = [nameof(LlavaOptions.ModelPath), nameof(LlavaOptions.VisionTowerPath)];

    /// <summary>The section of a configuration file with the options of the training.</summary>
    public const string Section = "AlignerTraining";

    /// <summary>Finds them in a container; no weights are read yet.</summary>
    /// <param name="services">The configured models.</param>
    /// <param name="configuration">Their configuration.</param>
    /// <exception cref="ImgAlignException">The backbone has no image prompt.</exception>
    public static FrozenModels Find(IServiceProvider services, IConfigurationSection configuration)
    {
        var chosen = configuration.GetSection(nameof(ImgAlignOptions.Pipeline));
        var backbone = chosen[nameof(PipelineOptions.Backbone)]!;
        var model = services.GetRequiredKeyedService<IDiffusionBackbone>(backbone);
        var family = chosen[nameof(PipelineOptions.Detector)]!;
        var detector = services.GetRequiredKeyedService<IMisalignmentDetector>(family);
        var asked = configuration.GetSection(family);
        var imagePrompt =
            model.ImagePrompt ?? throw new ImgAlignException($"An aligner moves an image prompt's features, but {model.NoImagePrompt}.");
        var precision = services.GetRequiredService<DeviceRuntime>().Type;
        return new FrozenModels(
            imagePrompt,
            detector,
            model.Info.ImagePromptTokens,
            model.Info.ImagePromptWidth,
            $"{backbone}-{Fingerprint(configuration.GetSection(backbone), ImagePromptPaths)}-{precision}",
            string.Join(
                '-',
                [
                    family,
                    Fingerprint(asked, DetectorPaths),
                    .. asked
                        .GetChildren()
                        .Where(static setting => setting.Value is not null && !DetectorPaths.Contains(setting.Key))
                        .Select(static setting => $"{setting.Key}={setting.Value}"),
                    precision.ToString(),
                ]
            )
        );
    }

    private static string Fingerprint(IConfigurationSection section, string[] keys) =>
        ModelFingerprint.Of(keys.Select(key => section[key]).OfType<string>().Select(HubName.Locate));
}

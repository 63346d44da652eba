using System.CommandLine;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Train;
using ImgAlign.DependencyInjection;
using ImgAlign.Detectors;
using ImgAlign.Recipes;
using ImgAlign.Runtime;
using ImgAlign.Training.Aligner;
using ImgAlign.Training.Data;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign train aligner</c>: trains an Implicit Aligner from preference pairs, for the models that a configuration
/// names.</summary>
internal static class TrainAlignerCommand
{
    public static Command Create(Terminal terminal) =>
        RunCommand.Create<AlignerTrainingOptions>(
            terminal,
            "aligner",
            "Train an Implicit Aligner from preference pairs.",
            "AlignerTraining",
            RequiredModels.Backbone | RequiredModels.Detector,
            async (services, models, options, group, token) =>
                await AlignerTraining.OpenAsync(
                    services.GetRequiredService<DeviceRuntime>(),
                    FindModels(services, models),
                    options,
                    new RowCount(terminal.Error),
                    group,
                    token
                )
        );

    private static FrozenModels FindModels(IServiceProvider services, IConfigurationSection configuration)
    {
        var chosen = configuration.GetSection(nameof(ImgAlignOptions.Pipeline));
        var backbone = chosen[nameof(PipelineOptions.Backbone)]!;
        var model = services.GetRequiredKeyedService<IDiffusionBackbone>(backbone);
        var family = chosen[nameof(PipelineOptions.Detector)]!;
        var detector = services.GetRequiredKeyedService<IMisalignmentDetector>(family);
        var asked = configuration.GetSection(family);
        var imagePrompt =
            model.ImagePrompt ?? throw new ImgAlignException($"An aligner moves an image prompt's features, but {model.NoImagePrompt}.");
        return new FrozenModels(
            imagePrompt,
            detector,
            model.Info.ImagePromptTokens,
            model.Info.ImagePromptWidth,
            Fingerprint(
                configuration.GetSection(backbone),
                nameof(SdxlOptions.ImagePromptPath),
                nameof(SdxlOptions.ImageEncoderPath),
                nameof(SdxlOptions.ResamplerPath),
                nameof(SdxlOptions.AdapterPath)
            ),
            string.Join(
                '-',
                Fingerprint(asked, nameof(LlavaOptions.ModelPath), nameof(LlavaOptions.VisionTowerPath)),
                asked[nameof(LlavaOptions.Template)] ?? "default",
                asked[nameof(LlavaOptions.ImageAspectRatio)] ?? "default"
            )
        );
    }

    private static string Fingerprint(IConfigurationSection section, params string[] keys) =>
        ModelFingerprint.Of(keys.Select(key => section[key]).OfType<string>().Select(HubName.Locate));
}

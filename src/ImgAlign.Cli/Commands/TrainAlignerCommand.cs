using System.CommandLine;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Train;
using ImgAlign.Runtime;
using ImgAlign.Training.Aligner;
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
            AlignerModels.Section,
            RequiredModels.Backbone | RequiredModels.Detector,
            async (services, models, options, group, token) =>
                await AlignerTraining.OpenAsync(
                    services.GetRequiredService<DeviceRuntime>(),
                    AlignerModels.Find(services, models),
                    options,
                    new FeatureLines(terminal.Error),
                    group,
                    token
                )
        );
}

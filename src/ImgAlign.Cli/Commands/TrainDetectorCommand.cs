using System.CommandLine;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Train;
using ImgAlign.DependencyInjection;
using ImgAlign.Detectors;
using ImgAlign.Runtime;
using ImgAlign.Training;
using ImgAlign.Training.Detector;
using ImgAlign.Training.Parallel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign train detector</c>: fine-tunes LLaVA on edit instructions.</summary>
internal static class TrainDetectorCommand
{
    public static Command Create(Terminal terminal) =>
        RunCommand.Create<DetectorTrainingOptions>(
            terminal,
            "detector",
            "Fine-tune LLaVA on pictures, edited prompts and instructions.",
            "DetectorTraining",
            RequiredModels.Detector,
            async (services, models, options, group, token) => await OpenAsync(terminal, services, models, options, group, token)
        );

    private static async Task<TrainingRun> OpenAsync(
        Terminal terminal,
        IServiceProvider services,
        IConfigurationSection models,
        DetectorTrainingOptions options,
        IProcessGroup group,
        CancellationToken cancellationToken
    )
    {
        if (models.GetSection("Llava").GetStrictly<LlavaOptions>() is not { ModelPath.Length: > 0 } model)
            throw new ImgAlignException("Only LLaVA-1.5 can be fine-tuned; name one as Llava:ModelPath or with --detector.");
        return await DetectorTraining.OpenAsync(
            services.GetRequiredService<DeviceRuntime>(),
            model,
            options,
            new RowCount(terminal.Error),
            group,
            cancellationToken
        );
    }
}

using System.CommandLine;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Train;
using ImgAlign.Detectors;
using ImgAlign.Runtime;
using ImgAlign.Training.Detector;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Spectre.Console;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign train detector</c>: fine-tunes LLaVA on edit instructions.</summary>
internal static class TrainDetectorCommand
{
    private const string Section = "DetectorTraining";

    public static Command Create(Terminal terminal)
    {
        var run = new RunOptions();
        var command = new Command("detector", "Fine-tune LLaVA on pictures, edited prompts and instructions. The file of --config holds a section DetectorTraining beside ImgAlign.");
        foreach (var option in run.All.Concat(ModelConfiguration.Options)) command.Add(option);
        command.SetAction((parsed, token) =>
        {
            var models = ModelConfiguration.Read(parsed, RequiredModels.Detector);
            var options = new DetectorTrainingOptions();
            ModelConfiguration.ReadSection(parsed, Section).Bind(options);
            run.Apply(parsed, options.Trainer, path => options.OutputPath = path);
            if (run.GivesSteps(parsed)) options.Epochs = 0;
            return RunAsync(terminal, models, options, parsed.GetValue(run.Resume), token);
        });
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, IConfigurationSection configuration, DetectorTrainingOptions options, bool resume, CancellationToken cancellationToken)
    {
        if (configuration.GetSection("Llava").Get<LlavaOptions>() is not { ModelPath.Length: > 0 } model) throw new ImgAlignException("Only LLaVA-1.5 can be fine-tuned; name one as Llava:ModelPath or with --detector.");
        await using var services = ModelServices.Build(configuration);
        var training = await DetectorTraining.OpenAsync(services.GetRequiredService<DeviceRuntime>(), model, options, new RowCount(terminal.Error), cancellationToken);
        terminal.Error.WriteLine($"{training.TripletCount} triplets, {options.Trainer.Steps} steps");
        var result = await TrainProgress.ShowAsync(terminal.Error, progress => training.RunAsync(resume, progress, cancellationToken));
        TrainProgress.WriteResult(terminal, result, training.ModelPath);
        return 0;
    }
}

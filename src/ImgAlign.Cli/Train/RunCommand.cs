using System.CommandLine;
using ImgAlign.Cli.Align;
using ImgAlign.DependencyInjection;
using ImgAlign.Runtime;
using ImgAlign.Training;
using ImgAlign.Training.Parallel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Spectre.Console;

namespace ImgAlign.Cli.Train;

/// <summary>What the commands of <c>imgalign train</c> have in common: models and options from file and command line, a run, its
/// result.</summary>
internal static class RunCommand
{
    /// <summary>Finds models and data for a run.</summary>
    /// <param name="services">The configured models.</param>
    /// <param name="models">Their configuration.</param>
    /// <param name="options">The options of the run.</param>
    /// <param name="group">The processes that share it.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public delegate Task<TrainingRun> OpenAsync<TOptions>(
        IServiceProvider services,
        IConfigurationSection models,
        TOptions options,
        IProcessGroup group,
        CancellationToken cancellationToken
    );

    /// <summary>Makes a command.</summary>
    /// <param name="terminal">Where it writes.</param>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it does.</param>
    /// <param name="section">The section of the file with its options.</param>
    /// <param name="required">The models that must be named.</param>
    /// <param name="openAsync">Opens the run.</param>
    public static Command Create<TOptions>(
        Terminal terminal,
        string name,
        string description,
        string section,
        RequiredModels required,
        OpenAsync<TOptions> openAsync
    )
        where TOptions : TrainingRunOptions, new()
    {
        var run = new RunOptions();
        var command = new Command(
            name,
            $"{description} The file of --config holds a section {section} beside {ModelConfiguration.Section}."
        );
        foreach (var option in run.All.Concat(ModelConfiguration.Options))
            command.Add(option);
        command.SetAction(
            async (parsed, token) =>
            {
                var models = ModelConfiguration.Read(parsed, required);
                var options = ModelConfiguration.ReadSection(parsed, section).GetStrictly<TOptions>();
                run.Apply(parsed, options);
                if (ProcessGroup.LocalDevice(models[nameof(RuntimeOptions.Device)]) is { } device)
                    models[nameof(RuntimeOptions.Device)] = device;
                await using var services = ModelServices.Build(models);
                using var group = ProcessGroup.Join(services.GetRequiredService<DeviceRuntime>().Device);
                var training = await openAsync(services, models, options, group, token);
                var resumes = parsed.GetValue(run.Resume);
                try
                {
                    if (group.Rank == 0)
                    {
                        terminal.Error.WriteLine(training.Description);
                        var result = await TrainProgress.ShowAsync(terminal.Error, progress => training.RunAsync(resumes, progress, token));
                        TrainProgress.WriteResult(terminal, result, training.ResultPath);
                    }
                    else
                    {
                        await training.RunAsync(resumes, progress: null, token);
                    }
                }
                catch (TrainingStoppedException)
                {
                    group.Complete(); // all have stopped together, none is lost
                    throw;
                }
                group.Complete();
                return 0;
            }
        );
        return command;
    }
}

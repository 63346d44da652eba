using System.CommandLine;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Train;
using ImgAlign.Runtime;
using ImgAlign.Training.Aligner;
using ImgAlign.Training.Data;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Spectre.Console;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign train aligner</c>: trains an Implicit Aligner from preference pairs, for the models that a configuration names.</summary>
internal static class TrainAlignerCommand
{
    private const string Section = "AlignerTraining";

    public static Command Create(Terminal terminal)
    {
        var run = new RunOptions();
        var command = new Command("aligner", "Train an Implicit Aligner from preference pairs. The file of --config holds a section AlignerTraining beside ImgAlign.");
        foreach (var option in run.All.Concat(ModelConfiguration.Options)) command.Add(option);
        command.SetAction((parsed, token) =>
        {
            var models = ModelConfiguration.Read(parsed, RequiredModels.Backbone | RequiredModels.Detector);
            var options = new AlignerTrainingOptions();
            ModelConfiguration.ReadSection(parsed, Section).Bind(options);
            run.Apply(parsed, options.Trainer, path => options.OutputPath = path);
            return RunAsync(terminal, models, options, parsed.GetValue(run.Resume), token);
        });
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, IConfigurationSection configuration, AlignerTrainingOptions options, bool resume, CancellationToken cancellationToken)
    {
        await using var services = ModelServices.Build(configuration);
        var training = await AlignerTraining.OpenAsync(
            services.GetRequiredService<DeviceRuntime>(), FindModels(services, configuration), options, new RowCount(terminal.Error), cancellationToken);
        terminal.Error.WriteLine($"{training.PairCount} pairs; {training.CacheSize}");
        var result = await TrainProgress.ShowAsync(terminal.Error, progress => training.RunAsync(resume, progress, cancellationToken));
        TrainProgress.WriteResult(terminal, result, options.OutputPath);
        return 0;
    }

    private static FrozenModels FindModels(ServiceProvider services, IConfigurationSection configuration)
    {
        var backbone = configuration["Pipeline:Backbone"] ?? "sdxl";
        var model = services.GetRequiredKeyedService<IDiffusionBackbone>(backbone);
        var family = configuration["Pipeline:Detector"] ?? "llava";
        var detector = services.GetRequiredKeyedService<IMisalignmentDetector>(family);
        var asked = configuration.GetSection(family);
        return new FrozenModels(
            model.ImagePrompt, detector, model.Info.ImagePromptTokens, model.Info.ImagePromptWidth,
            Fingerprint(configuration.GetSection(backbone), "ImagePromptPath", "ImageEncoderPath", "ResamplerPath", "AdapterPath"),
            $"{Fingerprint(asked, "ModelPath", "VisionTowerPath")}-{asked["Template"] ?? "default"}-{asked["ImageAspectRatio"] ?? "default"}");
    }

    private static string Fingerprint(IConfigurationSection section, params string[] keys) => ModelFingerprint.Of(keys.Select(key => section[key]).OfType<string>());
}

using System.CommandLine;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Serve;
using ImgAlign.Cli.Train;
using ImgAlign.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign work</c>: computes jobs of a server; <c>imgalign serve</c> starts it for each of its devices.</summary>
internal static class WorkCommand
{
    public static Command Create(Terminal terminal)
    {
        var data = ServeOptions.CreateData();
        var results = ServeOptions.CreateResults();
        var command = new Command(
            "work",
            "Compute jobs of a server, which starts such workers on its own machine by itself. On another machine: give the models, "
                + "IMGALIGN_POSTGRES, and --data (a shared folder) or --results as the server has them."
        );
        foreach (var option in ServeOptions.OfModels.Prepend(results).Prepend(data))
            command.Add(option);
        command.SetAction(
            async (parsed, token) =>
            {
                // The features that an aligner is trained from are computed before there is one.
                var required = ModelConfiguration.OfServing(parsed);
                var configuration = ModelConfiguration.ReadOrShapeWorld(parsed, required, optional: RequiredModels.Aligner);
                var aligns = ModelConfiguration.IsComplete(configuration);
                if (!aligns)
                    terminal.Error.WriteText(
                        "This worker has no aligner: it generates (jobs of 0 rounds) and makes features, but aligns nothing. Give --ckpts "
                            + "or --aligner for that."
                    );
                var builder = Host.CreateApplicationBuilder();
                builder.Logging.LogToError();
                ModelServices.Add(builder.Services, configuration);
                // Every family of models is registered, and those that are not configured would not pass; one that runs is checked then.
                builder.Services.RemoveAll<IStartupValidator>();
                builder.Services.AddServerTelemetry("imgalign-worker");
                if (ModelConfiguration.BackboneSectionOf(configuration) is not null && required.HasFlag(RequiredModels.Aligner))
                    builder.Services.AddSingleton<IQueuedWork>(services => new FeatureWork(services, configuration));
                builder.Services.AddImgAlignWorker(options =>
                {
                    ServeOptions.Apply(options, parsed.GetValue(data)!, parsed.GetValue(results), configuration);
                    options.Aligns = aligns;
                });
                using var host = builder.Build();
                await host.RunAsync(token);
                return 0;
            }
        );
        return command;
    }
}

using System.CommandLine;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Serve;
using ImgAlign.Server;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign work</c>: computes jobs of a server; <c>imgalign serve</c> starts it for each of its devices.</summary>
internal static class WorkCommand
{
    public static Command Create()
    {
        var data = ServeOptions.CreateData();
        var command = new Command(
            "work",
            "Compute jobs of a server, which starts such workers on its own machine by itself. On another machine: give the models, and "
                + "--data, IMGALIGN_POSTGRES and IMGALIGN_KEY as the server has them; IMGALIGN_SERVER is the server's address."
        );
        foreach (var option in ServeOptions.OfModels.Prepend(data))
            command.Add(option);
        command.SetAction(
            async (parsed, token) =>
            {
                var configuration = ModelConfiguration.ReadOrShapeWorld(parsed, ModelConfiguration.OfServing(parsed));
                var builder = Host.CreateApplicationBuilder();
                builder.Logging.LogToError();
                ModelServices.Add(builder.Services, configuration);
                // Every family of models is registered, and those that are not configured would not pass; one that runs is checked then.
                builder.Services.RemoveAll<IStartupValidator>();
                builder.Services.AddServerTelemetry("imgalign-worker");
                builder.Services.AddImgAlignWorker(options => ServeOptions.Apply(options, parsed.GetValue(data)!, configuration));
                using var host = builder.Build();
                await host.RunAsync(token);
                return 0;
            }
        );
        return command;
    }
}

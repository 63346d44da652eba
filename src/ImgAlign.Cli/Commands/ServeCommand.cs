using System.CommandLine;
using System.Diagnostics;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Hub;
using ImgAlign.Cli.Serve;
using ImgAlign.Runtime;
using ImgAlign.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign serve</c>: the page, the APIs, and a worker process for each device.</summary>
internal static class ServeCommand
{
    private const string DefaultUrl = "http://127.0.0.1:7860";
    private const string DeviceOption = "--device";
    private const string NoDevice = "none";

    public static Command Create(Terminal terminal)
    {
        var urls = new Option<string>("--urls")
        {
            Description = $"Where to listen, {DefaultUrl} unless it is said; an address that other machines reach needs IMGALIGN_KEY.",
            DefaultValueFactory = static _ => DefaultUrl,
        };
        var devices = new Option<string[]>("--devices")
        {
            Description =
                "A worker for each of these devices, such as cuda:0 cuda:1; one for --device unless it is said; none for "
                + $"{NoDevice}, where other machines compute.",
            AllowMultipleArgumentsPerToken = true,
        };
        var hosts = new Option<string[]>("--allowed-host")
        {
            Description = "A name by which the server may be called besides those of this machine; may be given several times.",
        };
        var quota = ValueOption.Number<double>("--quota", "The most gigabytes of results, 10 unless it is said; the oldest go first.");
        var days = ValueOption.Number<double>("--keep-days", "How long results are kept, 30 days unless it is said.");
        var data = ServeOptions.CreateData();
        var results = ServeOptions.CreateResults();
        var yes = NamedModels.CreateYes();
        var command = new Command(
            "serve",
            "Serve a page, the OpenAI images API and a job API: by ShapeWorld, which comes with the tool, unless models are named. "
                + "IMGALIGN_KEY is the key that callers need; IMGALIGN_POSTGRES a PostgreSQL database in the place of the SQLite file, in "
                + "which 'imgalign work' on other machines finds the jobs, too."
        );
        Option[] own = [urls, data, results, devices, hosts, quota, days, yes];
        foreach (var option in own.Concat(ServeOptions.OfModels))
            command.Add(option);
        command.SetAction(
            async (parsed, token) =>
            {
                foreach (var limit in new[] { quota, days })
                {
                    if (parsed.GetValue(limit) is < 0 and var given)
                        throw new ImgAlignException($"{limit.Name} is {given}; use 0 or more.");
                }
                var configuration = ModelConfiguration.ReadOrShapeWorld(parsed, ModelConfiguration.OfServing(parsed));
                await NamedModels.FetchMissingAsync(configuration, parsed.GetValue(yes), terminal, token);
                var builder = WebApplication.CreateSlimBuilder();
                builder.WebHost.UseUrls(parsed.GetValue(urls)!.Split(';'));
                builder.Logging.LogToError();
                builder.Services.AddServerTelemetry("imgalign-server");
                builder.Services.AddImgAlignServer(options =>
                {
                    ServeOptions.Apply(options, parsed.GetValue(data)!, parsed.GetValue(results), configuration);
                    options.Key = Environment.GetEnvironmentVariable("IMGALIGN_KEY"); // an empty one is refused
                    options.DataQuotaBytes = parsed.GetValue(quota) is { } gigabytes
                        ? (long)(gigabytes * (1L << 30))
                        : options.DataQuotaBytes;
                    options.ResultAge = parsed.GetValue(days) is { } age ? TimeSpan.FromDays(age) : options.ResultAge;
                    foreach (var host in parsed.GetValue(hosts) ?? [])
                        options.AllowedHosts.Add(host);
                });
                foreach (var device in WorkersOf(parsed.GetValue(devices) ?? []))
                    builder.Services.AddImgAlignWorkerProcess(Worker(parsed, [data, results], device));
                await using var app = builder.Build();
                app.MapImgAlign();
                await app.StartAsync(token);
                foreach (var url in app.Urls)
                    terminal.Out.WriteText($"ImgAlign serves {url}");
                await app.WaitForShutdownAsync(token);
                return 0;
            }
        );
        return command;
    }

    // A worker's device each; null: the one of --device.
    private static string?[] WorkersOf(string[] devices)
    {
        if (devices is [NoDevice])
            return [];
        if (devices.Contains(NoDevice))
            throw new ImgAlignException($"--devices has {NoDevice} among others; give it alone, or leave it out.");
        return devices.Length > 0 ? devices : new string?[] { null };
    }

    // This program again, with the options of what is shared and of the models.
    private static ProcessStartInfo Worker(ParseResult parsed, IEnumerable<Option> shared, string? device)
    {
        var given = shared
            .Concat(ServeOptions.OfModels.Where(option => device is null || option.Name != DeviceOption))
            .Select(parsed.GetResult)
            .OfType<System.CommandLine.Parsing.OptionResult>()
            .Where(static result => !result.Implicit)
            .SelectMany(static result =>
                result.Tokens.Count == 0 // a flag
                    ? [result.Option.Name]
                    : result.Tokens.SelectMany(token => new[] { result.Option.Name, token.Value })
            );
        string[] place = device is null ? [] : [DeviceOption, device];
        var command = ThisProgram.Command(typeof(ServeCommand).Assembly, ["work", .. given, .. place]);
        return new ProcessStartInfo(command[0], command.Skip(1));
    }
}

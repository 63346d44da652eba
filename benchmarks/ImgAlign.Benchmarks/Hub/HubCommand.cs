using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using ImgAlign.Hub;
using ImgAlign.HubServer;

namespace ImgAlign.Benchmarks.Hub;

/// <summary><c>hub</c>: how fast a large file comes from loopback, verified, beside <c>curl</c> followed by <c>sha256sum</c>.</summary>
internal static class HubCommand
{
    private const string Repository = "acme/big";
    private const string FileName = "model.safetensors";
    private const int Rounds = 5;

    public static Command Create()
    {
        var size = new Option<int>("--megabytes") { Description = "The size of the file.", DefaultValueFactory = _ => 1000 };
        var command = new Command("hub", "Measure a download from loopback against curl followed by sha256sum.") { size };
        command.SetAction((parsed, token) => RunAsync(parsed.GetValue(size), token));
        return command;
    }

    private static async Task RunAsync(int megabytes, CancellationToken cancellationToken)
    {
        var work = Directory.CreateTempSubdirectory("imgalign-hub-").FullName;
        try
        {
            var repository = Directory.CreateDirectory(Path.Combine(work, "served", Repository)).FullName;
            await File.WriteAllBytesAsync(
                Path.Combine(repository, FileName),
                HostedFile.RuleBytes(megabytes * 1_000_000, 1),
                cancellationToken
            );

            // In a process of its own, as a hub is.
            var program = Path.Combine(AppContext.BaseDirectory, "ImgAlign.HubServer.dll");
            var start = new ProcessStartInfo("dotnet", [program, Path.Combine(work, "served")])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            };
            using var server = Process.Start(start)!;
            var hub = new Uri((await server.StandardOutput.ReadLineAsync(cancellationToken))!);
            await MeasureAsync(hub, work, megabytes, cancellationToken);
            server.StandardInput.Close();
            await server.WaitForExitAsync(cancellationToken);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static async Task MeasureAsync(Uri hub, string work, int megabytes, CancellationToken cancellationToken)
    {
        var ratios = new List<double>();
        for (var round = 0; round <= Rounds; round++)
        {
            var watch = Stopwatch.StartNew();
            var target = Path.Combine(work, "curl");
            await ShellAsync(
                $"curl -sSfL -o '{target}' '{hub}{Repository}/resolve/main/{FileName}' && sha256sum '{target}' > /dev/null",
                cancellationToken
            );
            var curl = megabytes / watch.Elapsed.TotalSeconds;
            File.Delete(target);

            watch.Restart();
            var cache = Path.Combine(work, "cache");
            using (var client = new HubClient(new HubOptions { Endpoint = hub, CacheFolder = cache }))
                await client.DownloadAsync(HubReference.Parse(Repository), cancellationToken: cancellationToken);
            var ours = megabytes / watch.Elapsed.TotalSeconds;
            Directory.Delete(cache, recursive: true);

            if (round == 0)
                continue; // warms both up
            ratios.Add(ours / curl);
            Print($"curl and sha256sum {curl:0} MB/s, ImgAlign.Hub {ours:0} MB/s, ratio {ours / curl:0.00}");
        }
        Print($"median ratio {ratios.Order().ElementAt(Rounds / 2):0.00}");
    }

    private static async Task ShellAsync(string line, CancellationToken cancellationToken)
    {
        using var shell = Process.Start("sh", ["-c", line]);
        await shell.WaitForExitAsync(cancellationToken);
        if (shell.ExitCode != 0)
            throw new InvalidOperationException($"{line} ended with {shell.ExitCode}.");
    }

    private static void Print(string line) => Console.WriteLine(line);
}

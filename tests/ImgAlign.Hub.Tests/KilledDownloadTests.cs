using System.Diagnostics;
using System.Security.Cryptography;
using ImgAlign.HubServer;

namespace ImgAlign.Hub.Tests;

public sealed class KilledDownloadTests
{
    private const int Kills = 20;

    [Fact]
    public async Task A_download_of_200_MB_killed_at_20_random_moments_ends_with_the_same_bytes()
    {
        var model = HostedFile.Large("model.safetensors", HostedFile.RuleBytes(200_000_000, 3));
        await using var fixture = await HubFixture.StartAsync(model);
        var random = new Random(20);
        var blob = Path.Combine(fixture.CacheFolder, "models--acme--one", "blobs", model.Lfs!);
        var seen = 0;
        for (var kill = 1; kill <= Kills; kill++)
        {
            // Slow enough that each kill finds it under way, fast enough that the parts get done.
            fixture.Server.Fault = _ => new ContentFault { Pause = TimeSpan.FromMilliseconds(5) };
            using var child = await StartChildAsync(fixture);
            await Task.Delay(random.Next(400));
            child.Kill();
            await child.WaitForExitAsync();
            if (child.ExitCode == 0)
                seen++;
            else
                Assert.False(File.Exists(blob), "A blob has its name before it is whole.");
        }
        Assert.True(seen < Kills / 2, "Most kills came too late.");

        fixture.Server.Fault = null;
        var before = fixture.Server.Requests.Count;
        using var last = await StartChildAsync(fixture);
        var path = (await last.StandardOutput.ReadToEndAsync()).Trim();
        await last.WaitForExitAsync();
        Assert.Equal(0, last.ExitCode);
        using var content = File.OpenRead(Path.Combine(path, "model.safetensors"));
        Assert.Equal(model.Lfs, Convert.ToHexStringLower(await SHA256.HashDataAsync(content)));
        Assert.True(
            fixture.Server.Requests.Skip(before).Count(request => request.Host == "cdn") <= 12,
            "What the killed processes had fetched came again."
        );
    }

    private static async Task<Process> StartChildAsync(HubFixture fixture)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, "acme/one"]) { RedirectStandardOutput = true };
        start.Environment["HF_ENDPOINT"] = fixture.Server.Hub.ToString();
        start.Environment["HF_HOME"] = fixture.Home;
        var child = Process.Start(start)!;
        Assert.Equal("started", await child.StandardOutput.ReadLineAsync());
        return child;
    }
}

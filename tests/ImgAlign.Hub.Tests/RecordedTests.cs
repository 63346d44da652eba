using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using ImgAlign.HubServer;

namespace ImgAlign.Hub.Tests;

/// <summary>The same questions as Python's client was asked, with the same caches in the end.</summary>
public sealed class RecordedTests
{
    public static TheoryData<string, string> Downloads =>
        new()
        {
            { "main", "acme/tiny" },
            { "tag", "acme/tiny@v1.0" },
            { "pull-request", "acme/tiny@refs/pr/1" },
            { "commit", "acme/tiny@530a6d8cbc164179a32f4df4e3237db9df50495a" },
            { "patterns", "acme/tiny" },
            { "one-file", "acme/tiny:unet/config.json" },
            { "no-symlinks", "acme/tiny" },
            { "paged", "acme/paged" },
            { "renamed", "acme/old-name" },
            { "broken-connection", "acme/no-ranges" },
            { "gated", "acme/gated" },
            { "gated-without-token", "acme/gated" },
            { "shared-blobs", "acme/tiny" },
            { "offline-incomplete", "acme/tiny" },
        };

    [Fact]
    public void Every_scenario_that_ends_with_a_cache_is_among_these()
    {
        var withCache = Recorded
            .Scenarios.Where(static scenario => scenario["cache"]?.AsObject().Count > 0)
            .Select(static scenario => (string)scenario["name"]!);
        Assert.Equal(["offline-incomplete-2"], withCache.Except(Downloads.Select(static row => (string)row[0]))); // it downloads nothing
    }

    [Fact]
    public async Task The_server_of_these_tests_answers_as_recorded()
    {
        await using var fixture = await Recorded.StartServerAsync();
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        foreach (var recorded in Recorded.Scenarios.SelectMany(scenario => scenario["requests"]?.AsArray() ?? []))
        {
            var host = (string?)recorded!["host"] == "cdn" ? fixture.Server.Cdn : fixture.Server.Hub;
            using var request = new HttpRequestMessage(
                new HttpMethod((string)recorded["method"]!),
                new Uri(host, (string)recorded["path"]!)
            );
            foreach (var (name, value) in recorded["headers"]!.AsObject())
                request.Headers.TryAddWithoutValidation(name, (string?)value);
            using var response = await client.SendAsync(request);
            Assert.Equal((int)recorded["status"]!, (int)response.StatusCode);
            foreach (var (name, value) in recorded["response_headers"]!.AsObject())
            {
                var expected = ((string)value!)
                    .Replace("localhost:CDN", fixture.Server.Cdn.Authority, StringComparison.Ordinal)
                    .Replace("127.0.0.1:HUB", fixture.Server.Hub.Authority, StringComparison.Ordinal);
                var headers = response
                    .Headers.Concat(response.Content.Headers)
                    .ToDictionary(header => header.Key, StringComparer.OrdinalIgnoreCase);
                Assert.True(headers.TryGetValue(name, out var header), $"{request.Method} {request.RequestUri} has no {name}");
                Assert.Equal(expected, string.Join(", ", header.Value));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Downloads))]
    public async Task A_download_ends_with_the_recorded_cache(string scenario, string reference)
    {
        await using var fixture = await Recorded.StartServerAsync();
        var breaks = 0;
        fixture.Server.Fault = request =>
            scenario == "broken-connection"
            && request.Target.Contains("same-as-unet", StringComparison.Ordinal)
            && Interlocked.Increment(ref breaks) <= 3
                ? new ContentFault { BreakAfter = 70_000 }
                : null;
        var options = fixture.Options([
            .. Recorded.Scenario(scenario)["environment"]!.AsObject().Select(variable => (variable.Key, (string)variable.Value!)),
        ]);
        using var client = new HubClient(options);

        var download = client.DownloadAsync(HubReference.Parse(reference), Filter(scenario));
        if ((string?)Recorded.Scenario(scenario)["result"] == "ok")
            await download;
        else
            Assert.Equal(HubError.Gated, (await Assert.ThrowsAsync<HubException>(() => download)).Error);

        Assert.Equal(Expected(scenario), Found(fixture.Home));
        Assert.DoesNotContain(fixture.Server.Requests, request => request.Host == "cdn" && request.Token is not null);
    }

    [Theory]
    [MemberData(nameof(Downloads))]
    public async Task A_recorded_cache_is_read_offline(string scenario, string reference)
    {
        await using var fixture = await Recorded.StartServerAsync();
        Write(scenario, fixture.Home);
        using var client = new HubClient(fixture.Options(("HF_HUB_OFFLINE", "1")));
        var hub = HubReference.Parse(reference);
        if ((string?)Recorded.Scenario(scenario)["result"] != "ok")
        {
            Assert.Equal(HubError.NotInCache, (await Assert.ThrowsAsync<HubException>(() => client.DownloadAsync(hub))).Error);
            return;
        }
        var snapshot = await client.DownloadAsync(hub, Filter(scenario));
        var file = hub.Path is null ? Path.Combine(snapshot.Path, "config.json") : snapshot.Path;
        Assert.StartsWith("{", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        Assert.Empty(fixture.Server.Requests);
    }

    [Fact]
    public async Task A_recorded_cache_that_is_whole_is_not_fetched_again()
    {
        await using var fixture = await Recorded.StartServerAsync();
        Write("shared-blobs", fixture.Home);
        var before = Found(fixture.Home);
        await fixture.DownloadAsync("acme/tiny");
        Assert.Equal(before, Found(fixture.Home));
        Assert.Equal("/api/models/acme/tiny/revision/main", Assert.Single(fixture.Server.Requests).Target);
    }

    [Theory]
    [InlineData("patterns")]
    [InlineData("offline-incomplete-2")]
    public async Task A_snapshot_that_is_not_whole_is_not_returned_offline(string scenario)
    {
        await using var fixture = await Recorded.StartServerAsync();
        Write(scenario, fixture.Home);
        var failure = await fixture.FailAsync("acme/tiny", fixture.Options(("HF_HUB_OFFLINE", "1")));
        Assert.Equal(HubError.NotInCache, failure.Error);
        Assert.Contains("README.md", failure.Message, StringComparison.Ordinal);
    }

    private static HubFilter Filter(string scenario) =>
        scenario switch
        {
            "patterns" => new HubFilter(["*.json", "unet/*"]),
            "paged" => new HubFilter(["config.json", "part/*"]),
            "offline-incomplete" => new HubFilter(["*config.json"]),
            _ => HubFilter.All,
        };

    /// <summary>One line a file: where, and its size and SHA-256, or what it links to. What lies in the store for all repositories counts
    /// as lying here.</summary>
    private static string[] Expected(string scenario)
    {
        var cache = Recorded.CacheOf(scenario);
        return
        [
            .. cache
                .Where(file => !file.Key.StartsWith("hub/blobs/", StringComparison.Ordinal))
                .Select(file =>
                {
                    var isShared =
                        ((string?)file.Value["symlink"])?.StartsWith("../../blobs/", StringComparison.Ordinal) == true
                        && file.Key.Contains("/blobs/", StringComparison.Ordinal);
                    return Line(file.Key, isShared ? cache["hub/" + ((string)file.Value["symlink"]!)["../../".Length..]] : file.Value);
                })
                .Order(StringComparer.Ordinal),
        ];
    }

    private static string Line(string path, JsonObject file) =>
        file["symlink"] is { } link ? $"{path} -> {link}" : $"{path} {file["size"]} {file["sha256"]}";

    private static string[] Found(string home) =>
        [
            .. Directory
                .EnumerateFiles(home, "*", SearchOption.AllDirectories)
                .Where(file => !file.Contains("/.locks/", StringComparison.Ordinal))
                .Select(file =>
                {
                    var path = Path.GetRelativePath(home, file);
                    return new FileInfo(file).LinkTarget is { } link
                        ? $"{path} -> {link}"
                        : string.Create(CultureInfo.InvariantCulture, $"{path} {new FileInfo(file).Length} {Sha256(file)}");
                })
                .Order(StringComparer.Ordinal),
        ];

    private static string Sha256(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));

    private static void Write(string scenario, string home)
    {
        foreach (var (path, file) in Recorded.CacheOf(scenario))
        {
            var target = Path.Combine(home, path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if ((string?)file["symlink"] is { } link)
                File.CreateSymbolicLink(target, link);
            else if ((string?)file["text"] is { } text)
                File.WriteAllText(target, text);
            else
                File.WriteAllBytes(target, Recorded.Content((string)file["sha256"]!));
        }
    }
}

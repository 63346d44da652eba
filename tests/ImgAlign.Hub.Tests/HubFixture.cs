using ImgAlign.HubServer;

namespace ImgAlign.Hub.Tests;

/// <summary>A hub on loopback, an empty cache, and options that pause between attempts no longer than a test should.</summary>
internal sealed class HubFixture : IAsyncDisposable
{
    public const string Commit = "00112233445566778899aabbccddeeff00112233";

    private HubFixture(LoopbackHub server) => Server = server;

    public LoopbackHub Server { get; }

    public string Home { get; } = Directory.CreateTempSubdirectory("imgalign-hub-").FullName;

    public string CacheFolder => Path.Combine(Home, "hub");

    public static async Task<HubFixture> StartAsync(params HostedRepository[] repositories) =>
        new(await LoopbackHub.StartAsync(repositories));

    /// <summary>A hub with one repository <c>acme/one</c>.</summary>
    public static Task<HubFixture> StartAsync(params HostedFile[] files) => StartAsync(Repository(files));

    public static HostedRepository Repository(params HostedFile[] files) =>
        new()
        {
            Name = "acme/one",
            Commit = Commit,
            Files = files,
        };

    /// <summary>The options of these variables. What a server says is waited for as long as a busy machine may need.</summary>
    public HubOptions Options(params (string Name, string Value)[] environment)
    {
        var variables = new Dictionary<string, string>
        {
            ["HF_ENDPOINT"] = Server.Hub.ToString(),
            ["HF_HOME"] = Home,
            ["HF_TOKEN"] = "hf_secret",
        };
        foreach (var (name, value) in environment)
            variables[name] = value;
        return new HubOptions(variables.GetValueOrDefault)
        {
            RetryDelay = TimeSpan.FromMilliseconds(1),
            DownloadTimeout = TimeSpan.FromSeconds(30),
            PartSize = 100_000,
        };
    }

    public async Task<HubSnapshot> DownloadAsync(string reference = "acme/one", HubOptions? options = null)
    {
        using var client = new HubClient(options ?? Options());
        return await client.DownloadAsync(HubReference.Parse(reference));
    }

    public async Task<HubException> FailAsync(string reference = "acme/one", HubOptions? options = null) =>
        await Assert.ThrowsAsync<HubException>(() => DownloadAsync(reference, options));

    /// <summary>Every file below the cache, links included, without locks.</summary>
    public string[] CacheFiles() =>
        !Directory.Exists(CacheFolder)
            ? []
            :
            [
                .. Directory
                    .EnumerateFiles(CacheFolder, "*", SearchOption.AllDirectories)
                    .Select(file => Path.GetRelativePath(CacheFolder, file).Replace('\\', '/'))
                    .Where(file => !file.StartsWith(".locks/", StringComparison.Ordinal))
                    .Order(StringComparer.Ordinal),
            ];

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(Home, recursive: true);
    }
}

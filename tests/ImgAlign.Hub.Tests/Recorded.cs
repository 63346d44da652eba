using System.Text.Json.Nodes;
using ImgAlign.HubServer;

namespace ImgAlign.Hub.Tests;

/// <summary>What Python's client asked and wrote (recorded.json), and a server with the same repositories.</summary>
internal static class Recorded
{
    private static readonly JsonNode Root = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "recorded.json")))!;

    public static IEnumerable<JsonObject> Scenarios => Root["scenarios"]!.AsArray().Select(scenario => scenario!.AsObject());

    public static JsonObject Scenario(string name) => Scenarios.Single(scenario => (string?)scenario["name"] == name);

    /// <summary>The files below HF_HOME that a scenario ended with, without locks, <c>.no_exist</c> and the store for all
    /// repositories.</summary>
    public static Dictionary<string, JsonObject> CacheOf(string scenario) =>
        Scenario(scenario)["cache"]!
            .AsObject()
            .Where(file =>
                !file.Key.Contains("/.locks/", StringComparison.Ordinal) && !file.Key.Contains("/.no_exist/", StringComparison.Ordinal)
            )
            .ToDictionary(file => file.Key, file => file.Value!.AsObject());

    public static async Task<HubFixture> StartServerAsync()
    {
        var tiny = Repository("acme/tiny");
        HostedRepository Like(string name, string scenario) =>
            new()
            {
                Name = name,
                Commit = CommitOf(scenario),
                Files = tiny.Files,
                IsGated = name == "acme/gated",
                ServesRanges = name != "acme/no-ranges",
            };
        var fixture = await HubFixture.StartAsync(
            tiny,
            Repository("acme/paged"),
            Like("acme/gated", "gated"),
            Like("acme/no-ranges", "broken-connection"),
            new HostedRepository
            {
                Name = "acme/private",
                Commit = HubFixture.Commit,
                Files = [],
                IsPrivate = true,
            },
            new HostedRepository
            {
                Name = "acme/disabled",
                Commit = HubFixture.Commit,
                Files = [],
                IsDisabled = true,
            }
        );
        fixture.Server.Rename("acme/old-name", "acme/tiny");
        return fixture;
    }

    /// <summary>The content with this SHA-256.</summary>
    public static byte[] Content(string sha256) =>
        Repository("acme/paged")
            .Files.Concat(Repository("acme/tiny").Files)
            .Select(file => file.Content)
            .First(content => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(content)) == sha256);

    private static HostedRepository Repository(string name)
    {
        var recorded = Root["repositories"]![name]!;
        return new HostedRepository
        {
            Name = name,
            Commit = (string)recorded["sha"]!,
            Refs = [.. recorded["refs"]!.AsObject().Select(reference => reference.Key)],
            PageSize = name == "acme/paged" ? 7 : 1000,
            Files = [.. recorded["files"]!.AsObject().Select(file => Hosted(file.Key, file.Value!))],
        };
    }

    private static HostedFile Hosted(string path, JsonNode file) =>
        new(
            path,
            (string)file["oid"]!,
            (string?)file["lfs"]?["oid"],
            file["rule_seed"] is { } seed
                ? HostedFile.RuleBytes((int)file["size"]!, (int)seed)
                : System.Text.Encoding.UTF8.GetBytes((string)file["content"]!)
        );

    private static string CommitOf(string scenario) =>
        Path.GetFileNameWithoutExtension(CacheOf(scenario).Keys.First(file => file.Contains("/trees/", StringComparison.Ordinal)));
}

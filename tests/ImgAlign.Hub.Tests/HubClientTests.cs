using System.Collections.Concurrent;
using ImgAlign.HubServer;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Hub.Tests;

public sealed class HubClientTests
{
    private static readonly HostedFile Model = HostedFile.Large("model.safetensors", HostedFile.RuleBytes(1_000_000, 5));

    [Fact]
    public async Task A_plan_says_what_will_be_fetched_and_writes_nothing()
    {
        await using var fixture = await HubFixture.StartAsync(
            new HostedRepository
            {
                Name = "acme/one",
                Commit = HubFixture.Commit,
                License = "openrail++",
                IsGated = true,
                Files = [Model, Model with { Path = "copy.safetensors" }, HostedFile.Small("config.json", "{}")],
            }
        );
        using var client = new HubClient(fixture.Options(("HF_TOKEN", LoopbackHub.GrantedToken)));
        var plan = await client.PlanAsync(HubReference.Parse("acme/one"));
        Assert.Equal(
            (HubFixture.Commit, "openrail++", true, 3, 1_000_002L),
            (plan.Commit, plan.License, plan.IsGated, plan.Missing.Count, plan.BytesToFetch)
        );
        Assert.Empty(fixture.CacheFiles());

        await client.DownloadAsync(plan);
        plan = await client.PlanAsync(HubReference.Parse("acme/one"));
        Assert.Equal((0, 3, 0L), (plan.Missing.Count, plan.Files.Count, plan.BytesToFetch));
    }

    [Fact]
    public async Task Content_under_two_names_comes_once()
    {
        await using var fixture = await HubFixture.StartAsync(HostedFile.Small("a.json", "{}"), HostedFile.Small("b.json", "{}"));
        await fixture.DownloadAsync();
        Assert.Single(fixture.Server.Requests, request => request.Target.Contains("/resolve/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_at_once_fetch_a_content_once()
    {
        await using var fixture = await HubFixture.StartAsync(HostedFile.Large("small.bin", HostedFile.RuleBytes(50_000, 1)));
        fixture.Server.Fault = _ => new ContentFault { Pause = TimeSpan.FromMilliseconds(300) };
        await Task.WhenAll(fixture.DownloadAsync(), fixture.DownloadAsync());
        Assert.Single(fixture.Server.Requests, request => request.Host == "cdn");
    }

    [Fact]
    public async Task A_dataset_has_routes_and_a_folder_of_its_own()
    {
        await using var fixture = await HubFixture.StartAsync(
            new HostedRepository
            {
                Name = "datasets/acme/pairs",
                Commit = HubFixture.Commit,
                Files = [Model],
            }
        );
        var snapshot = await fixture.DownloadAsync("datasets/acme/pairs");
        Assert.EndsWith(
            Path.Combine("hub", "datasets--acme--pairs", "snapshots", HubFixture.Commit),
            snapshot.Path,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Progress_ends_at_the_total()
    {
        await using var fixture = await HubFixture.StartAsync(Model, HostedFile.Small("config.json", "{}"));
        var seen = new Reports();
        using var client = new HubClient(fixture.Options());
        await client.DownloadAsync(HubReference.Parse("acme/one"), progress: seen);
        Assert.All(seen, report => Assert.Equal(1_000_002, report.Total));
        Assert.Equal(1_000_002, seen.Max(report => report.Bytes));
    }

    [Fact]
    public async Task Cancelling_ends_a_download_and_names_nothing()
    {
        await using var fixture = await HubFixture.StartAsync(Model);
        fixture.Server.Fault = _ => new ContentFault { StallAfter = 70_000 };
        using var stop = new CancellationTokenSource();
        using var client = new HubClient(fixture.Options());
        var download = client.DownloadAsync(HubReference.Parse("acme/one"), progress: new Stopper(stop), cancellationToken: stop.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => download);
        Assert.DoesNotContain(
            fixture.CacheFiles(),
            file => file.Contains("snapshots", StringComparison.Ordinal) || file.EndsWith(Model.Lfs!, StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("acme/none", HubError.RepositoryNotFound, "acme/none")]
    [InlineData("acme/private", HubError.RepositoryNotFound, "HF_TOKEN", "HF_HUB_DISABLE_IMPLICIT_TOKEN")]
    [InlineData("acme/gated", HubError.Gated, "accept its terms at")]
    [InlineData("acme/gated", HubError.Gated, "HF_TOKEN", "HF_HUB_DISABLE_IMPLICIT_TOKEN")]
    [InlineData("acme/disabled", HubError.Disabled, "another repository")]
    [InlineData("acme/tiny@v9", HubError.RevisionNotFound, "'v9'")]
    [InlineData("acme/tiny:missing.json", HubError.FileNotFound, "'missing.json'")]
    public async Task What_is_not_to_be_had_is_said(string reference, HubError error, string said, string? variable = null)
    {
        await using var fixture = await Recorded.StartServerAsync();
        var failure = await fixture.FailAsync(reference, variable is null ? fixture.Options() : fixture.Options((variable, "1")));
        Assert.Equal(error, failure.Error);
        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gated_repository_opens_with_the_token_of_an_account_that_accepted()
    {
        await using var fixture = await Recorded.StartServerAsync();
        Assert.True(
            File.Exists(
                Path.Combine(
                    (await fixture.DownloadAsync("acme/gated", fixture.Options(("HF_TOKEN", LoopbackHub.GrantedToken)))).Path,
                    "config.json"
                )
            )
        );
    }

    [Fact]
    public async Task A_lost_blob_comes_again()
    {
        await using var fixture = await HubFixture.StartAsync(Model);
        await fixture.DownloadAsync();
        File.Delete(Path.Combine(fixture.CacheFolder, "models--acme--one", "blobs", Model.Lfs!));
        var again = await fixture.DownloadAsync();
        Assert.Equal(Model.Content, await File.ReadAllBytesAsync(Path.Combine(again.Path, "model.safetensors")));
    }

    [Fact]
    public async Task A_store_for_all_repositories_is_not_written_to()
    {
        await using var fixture = await HubFixture.StartAsync(Model);
        await fixture.DownloadAsync();
        var blob = Path.Combine(fixture.CacheFolder, "models--acme--one", "blobs", Model.Lfs!);
        var shared = Path.Combine(fixture.CacheFolder, "blobs", "47", "of-another-size");
        Directory.CreateDirectory(Path.GetDirectoryName(shared)!);
        File.WriteAllText(shared, "shared");
        File.Delete(blob);
        File.CreateSymbolicLink(blob, Path.GetRelativePath(Path.GetDirectoryName(blob)!, shared));
        await fixture.DownloadAsync();
        Assert.Equal("shared", File.ReadAllText(shared));
        Assert.Equal(Model.Content, File.ReadAllBytes(blob));
    }

    [Fact]
    public void A_host_gets_one_client()
    {
        using var services = new ServiceCollection().AddImgAlignHub(options => options.CacheFolder = "/somewhere").BuildServiceProvider();
        Assert.Equal(Path.GetFullPath("/somewhere"), services.GetRequiredService<HubClient>().Cache.Folder);
    }

    private sealed class Reports : ConcurrentBag<HubProgress>, IProgress<HubProgress>
    {
        public void Report(HubProgress value) => Add(value);
    }

    private sealed class Stopper(CancellationTokenSource stop) : IProgress<HubProgress>
    {
        public void Report(HubProgress value) => stop.Cancel();
    }
}

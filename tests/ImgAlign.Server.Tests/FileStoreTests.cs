using ImgAlign.Imaging;
using ImgAlign.Server.Files;
using ImgAlign.Server.Jobs;
using ImgAlign.Tests;

namespace ImgAlign.Server.Tests;

/// <summary>Files in a folder and in S3.</summary>
public sealed class FileStoreTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("imgalign-files-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public Task A_folder_keeps_files() => Keeps_files(new FolderFileStore(folder));

    [Fact]
    public async Task Files_of_a_folder_that_two_delete_at_once_are_gone()
    {
        var stores = new[] { new FolderFileStore(folder), new FolderFileStore(folder) };
        for (var i = 0; i < 300; i++)
        {
            await stores[0].WriteAsync("jobs/a/b/0.png", [1], default);
            await Task.WhenAll(stores.Select(static store => Task.Run(() => store.DeleteAsync("jobs/a/b/0.png", default))));
            Assert.Empty(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories));
        }
    }

    [S3Fact]
    public async Task S3_keeps_files()
    {
        using var store = new S3FileStore(S3.NewAddress());
        await Keeps_files(store);
    }

    private static async Task Keeps_files(IFileStore store)
    {
        Assert.Null(await store.ReadAsync("jobs/a/0.png", default));
        Assert.Empty(await NamesAsync("jobs/"));
        await store.WriteAsync("jobs/a/0.png", [1, 2, 3], default);
        await store.WriteAsync("jobs/a/0.png", [4, 5], default);
        await store.WriteAsync("jobs/a/events/1.json", [], default);
        await store.WriteAsync("jobs/b/0.png", new byte[100_000], default);
        Assert.Equal(new byte[] { 4, 5 }, (await store.ReadAsync("jobs/a/0.png", default))!);
        Assert.Empty((await store.ReadAsync("jobs/a/events/1.json", default))!);
        Assert.Equal(["jobs/a/0.png", "jobs/a/events/1.json", "jobs/b/0.png"], await NamesAsync("jobs/"));
        Assert.Equal(["jobs/a/0.png", "jobs/a/events/1.json"], await NamesAsync("jobs/a/"));
        var largest = await store.ListAsync("jobs/b/", default).SingleAsync();
        Assert.Equal(100_000, largest.Bytes);
        Assert.InRange(DateTimeOffset.UtcNow - largest.Written, TimeSpan.FromMinutes(-1), TimeSpan.FromMinutes(1));
        await store.DeleteAsync("jobs/a/0.png", default);
        await store.DeleteAsync("jobs/a/0.png", default);
        await store.DeleteAsync("jobs/a/events/1.json", default);
        Assert.Equal(["jobs/b/0.png"], await NamesAsync("jobs/"));

        async Task<List<string>> NamesAsync(string within) =>
            await store.ListAsync(within, default).Select(static file => file.Name).Order(StringComparer.Ordinal).ToListAsync();
    }

    [S3Fact]
    public async Task S3_lists_more_than_one_page()
    {
        using var store = new S3FileStore(S3.NewAddress());
        for (var i = 0; i < 1010; i++)
            await store.WriteAsync($"jobs/{i}", [], default);
        Assert.Equal(1010, await store.ListAsync("jobs/", default).CountAsync());
    }

    [S3Fact]
    public async Task What_S3_refuses_and_a_store_that_is_away_are_told_apart()
    {
        S3.NewAddress();
        using var other = new S3FileStore("s3://no-such-bucket/jobs");
        var refusal = await Assert.ThrowsAsync<IOException>(() => other.WriteAsync("a", [], default));
        Assert.StartsWith("The store s3://no-such-bucket refuses: ", refusal.Message, StringComparison.Ordinal);
        Environment.SetEnvironmentVariable("AWS_ENDPOINT_URL", $"http://127.0.0.1:{LocalPort.Free()}");
        using var away = new S3FileStore($"s3://{S3.Bucket}");
        await Assert.ThrowsAsync<StoreAwayException>(() => away.WriteAsync("a", [], default));
        S3.NewAddress();
    }

    [Fact]
    public async Task A_slow_store_has_more_time_for_more_and_a_silent_one_is_away()
    {
        S3.NewAddress();
        var port = LocalPort.Free();
        Environment.SetEnvironmentVariable("AWS_ENDPOINT_URL", $"http://127.0.0.1:{port}");
        using var listener = new System.Net.HttpListener { Prefixes = { $"http://127.0.0.1:{port}/" } };
        listener.Start();
        using var store = new S3FileStore($"s3://{S3.Bucket}");
        var written = store.WriteAsync("large", new byte[500_000], default);
        var asked = await listener.GetContextAsync();
        await Assert.ThrowsAsync<StoreAwayException>(() => store.ReadAsync("small", default)); // after ten seconds
        Assert.False(written.IsCompleted);
        await asked.Request.InputStream.CopyToAsync(Stream.Null);
        asked.Response.Close();
        await written;
        S3.NewAddress();
    }

    [Theory]
    [InlineData("results")]
    [InlineData("s3://")]
    [InlineData("https://bucket/prefix")]
    public void Another_address_than_one_of_S3_is_refused(string address) =>
        Assert.Throws<ImgAlignException>(() => new S3FileStore(address));

    [S3Fact]
    public async Task A_server_works_on_S3()
    {
        await using var server = await TestServer.StartAsync(static options => options.Results = S3.NewAddress());
        var picture = Convert.ToBase64String(ImageFile.EncodePng(new RgbImage(32, 32, new byte[3 * 32 * 32])));
        var job = await server.RunAsync(new { prompt = "a red house", image = picture });
        Assert.Equal(JobState.Succeeded, job.State);
        foreach (var file in job.Result!.Pictures.SelectMany(static made => made.Files).Append(job.Request.Image!))
            Assert.NotEmpty(await server.Client.GetByteArrayAsync(file));
        using var answer = await server.Client.DeleteAsync($"api/jobs/{job.Id}?remove=true");
        answer.EnsureSuccessStatusCode();
        using var gone = await server.Client.GetAsync(job.Result.Pictures[0].Image);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, gone.StatusCode);
    }
}

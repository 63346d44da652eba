using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using ImgAlign.Imaging;
using ImgAlign.Server.Files;
using ImgAlign.Server.Jobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace ImgAlign.Server.Tests;

public sealed class JobApiTests : IAsyncLifetime
{
    private static readonly object Red = new { prompt = "red", steps = 1000 };

    private TestServer server = null!;

    public async Task InitializeAsync() => server = await TestServer.StartAsync();

    public async Task DisposeAsync() => await server.DisposeAsync();

    [Fact]
    public async Task A_job_fails_where_there_is_no_room_for_its_pictures()
    {
        var data = Directory.CreateTempSubdirectory("imgalign-full-").FullName;
        await using (var server = await TestServer.StartAsync(data: data))
        {
            await File.WriteAllTextAsync(Path.Combine(data, "jobs"), ""); // no folder can be made in it
            var job = await server.RunAsync(new { prompt = "red" });
            Assert.Equal((JobState.Failed, JobError.Failure), (job.State, job.Error!.Code));
        }
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task A_job_is_accepted_followed_and_its_pictures_are_fetched()
    {
        using var isFollowed = new ManualResetEventSlim();
        await using var server = await TestServer.StartAsync(models: services => services.AddColours(beforeStep: isFollowed.Wait));
        using var answer = await server.Client.PostAsJsonAsync(
            "api/jobs",
            new
            {
                prompt = "a red house",
                seed = 7,
                rounds = 2,
                steps = 400,
                previews = 20,
            }
        );
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var job = (await answer.Content.ReadFromJsonAsync<Job>(ServerJson.Options))!;
        Assert.Equal($"/api/jobs/{job.Id}", answer.Headers.Location!.ToString());
        var events = await EventsAsync(server, job.Id, onFirst: isFollowed.Set);
        foreach (var kind in new[] { "state", "progress", "preview", "picture", "candidate" })
            Assert.Contains(events, item => item.Kind == kind);
        Assert.Equal("succeeded", events[^1].Data.GetProperty("job").GetProperty("state").GetString());

        job = await server.FindAsync(job.Id);
        Assert.Equal((JobState.Succeeded, 1), (job.State, job.Attempt));
        var picture = Assert.Single(job.Result!.Pictures);
        Assert.Equal((7L, 2), (picture.Seed, picture.Candidates.Count));
        Assert.All(picture.Candidates, static tried => Assert.False(string.IsNullOrEmpty(tried.Critique)));
        var expected = await server
            .Services.GetRequiredService<IAlignmentPipeline>()
            .AlignAsync(new AlignmentRequest(new AlignmentItem("a red house") { Seed = 7 }) { Rounds = 2, Steps = 400 });
        Assert.Equal(expected.Items[0].Image, await PictureAsync(server, picture.Image));
        Assert.Equal(expected.Items[0].BaseImage, await PictureAsync(server, picture.Before!));
    }

    [Fact]
    public async Task Without_rounds_pictures_are_generated_and_several_count_up_from_the_seed()
    {
        var job = await server.RunAsync(
            new
            {
                prompt = "red",
                seed = 3,
                rounds = 0,
                count = 3,
                width = 40,
                height = 24,
            }
        );
        Assert.Equal([3L, 4L, 5L], job.Result!.Pictures.Select(static picture => picture.Seed));
        Assert.Null(job.Result.Pictures[0].Before);
        Assert.Equal(new ImageSize(40, 24), (await PictureAsync(server, job.Result.Pictures[2].Image)).Size);
    }

    [Fact]
    public async Task A_search_tells_of_every_picture_that_was_tried()
    {
        var job = await server.RunAsync(
            new
            {
                prompt = "red",
                seed = 3,
                budget = 4,
                policy = "best-of-n",
            }
        );
        var picture = Assert.Single(job.Result!.Pictures);
        Assert.Equal([1, 2, 3], picture.Candidates.Select(static tried => tried.Number));
        Assert.All(picture.Candidates, static tried => Assert.Equal((SearchAction.Resample, 0), (tried.Action, tried.Parent)));
        Assert.Equal(3, picture.Candidates.Select(static tried => tried.Seed).Distinct().Count());
        foreach (var tried in picture.Candidates)
            Assert.Equal(new ImageSize(32, 32), (await PictureAsync(server, tried.Image)).Size);
    }

    [Fact]
    public async Task A_given_picture_is_aligned()
    {
        var first = await server.RunAsync(new { prompt = "red", rounds = 0 });
        var bytes = await server.Client.GetByteArrayAsync(first.Result!.Pictures[0].Image);
        var job = await server.RunAsync(new { prompt = "red", image = $"data:image/png;base64,{Convert.ToBase64String(bytes)}" });
        Assert.Equal(ImageFile.Decode(bytes, "given"), await PictureAsync(server, job.Result!.Pictures[0].Before!));
        Assert.Equal(bytes, await server.Client.GetByteArrayAsync(job.Request.Image));
    }

    [Fact]
    public async Task Cancelling_is_seen_within_a_second()
    {
        // What a machine is busy with besides is no part of the second.
        var (clock, quarter) = (new FakeTimeProvider(DateTimeOffset.UtcNow), TimeSpan.FromSeconds(0.25));
        await using var server = await TestServer.StartAsync(models: services =>
            services.AddSingleton<TimeProvider>(clock).AddColours(beforeStep: static () => Thread.Sleep(50))
        );
        var job = await server.SubmitAsync(Red);
        var waiting = await server.SubmitAsync(Red);
        while (await server.FindAsync(job.Id) is { Progress: null } running)
        {
            Assert.False(running.IsFinished);
            clock.Advance(quarter);
            await Task.Delay(quarter);
        }
        using (await server.Client.DeleteAsync($"api/jobs/{waiting.Id}"))
            Assert.Equal(JobState.Cancelled, (await server.FindAsync(waiting.Id)).State);
        var asked = clock.GetUtcNow();
        using (await server.Client.DeleteAsync($"api/jobs/{job.Id}"))
            clock.Advance(quarter);
        job = await server.FinishAsync(job.Id);
        Assert.Equal(JobState.Cancelled, job.State);
        Assert.True(job.FinishedAt - asked < TimeSpan.FromSeconds(1), $"{job.FinishedAt - asked}");
    }

    [Fact]
    public async Task A_repeated_request_is_the_same_job_and_another_one_under_its_key_is_refused()
    {
        var first = await PostAsync("one", "red");
        var again = await PostAsync("one", "red");
        Assert.Equal(first.Headers.Location, again.Headers.Location);
        Assert.NotEqual(first.Headers.Location, (await PostAsync("two", "red")).Headers.Location);
        Assert.Equal((422, "idempotency_key_reused", "Idempotency-Key"), await TestServer.ProblemAsync(await PostAsync("one", "blue")));

        Task<HttpResponseMessage> PostAsync(string key, string prompt)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, "api/jobs") { Content = JsonContent.Create(new { prompt }) };
            request.Headers.Add("Idempotency-Key", key);
            return server.Client.SendAsync(request);
        }
    }

    [Theory]
    [InlineData("""{"prompt":" "}""", "prompt")]
    [InlineData("""{"prompt":"red","count":11}""", "count")]
    [InlineData("""{"prompt":"red","rounds":11}""", "rounds")]
    [InlineData("""{"prompt":"red","seed":-1}""", "seed")]
    [InlineData("""{"prompt":"red","width":64}""", "width")]
    [InlineData("""{"prompt":"red","image":"%%"}""", "image")]
    [InlineData("""{"prompt":"red","image":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}""", "image")]
    [InlineData("""{"prompt":"red","steps":"many"}""", "steps")]
    [InlineData("""{"prompt":"red","seed":99999999999999999999}""", "seed")]
    [InlineData("""{"prompt":["red"]}""", "prompt")]
    [InlineData("""{"prompt":"red","priority":"soon"}""", "priority")]
    [InlineData("""{"prompt":"red","image":"data:image/png,red"}""", "image")]
    [InlineData("""{"prompt":"red","image":"data:"}""", "image")]
    [InlineData("""{"prompt":"red","budget":0}""", "budget")]
    [InlineData("""{"prompt":"red","budget":-4}""", "budget")]
    [InlineData("""{"prompt":"red","budget":4,"rounds":1}""", "budget")]
    [InlineData("""{"prompt":"red","budget":11,"count":10}""", "budget")]
    [InlineData("""{"prompt":"red","budget":51,"count":2}""", "budget")]
    [InlineData("""{"prompt":"red","budget":4,"policy":"luck"}""", "policy")]
    [InlineData("""{"prompt":"red","rounds":0,"policy":"greedy"}""", "policy")]
    public async Task Requests_that_cannot_be_met_are_refused_with_the_field(string body, string param)
    {
        using var answer = await server.Client.PostAsync("api/jobs", new StringContent(body));
        var (status, _, named) = await TestServer.ProblemAsync(answer);
        Assert.Equal((400, param), (status, named));
    }

    [Theory]
    [InlineData("""{"prompt":"red","stesp":4}""")]
    [InlineData("""{"prompt":""")]
    [InlineData("null")]
    [InlineData("[]")]
    public async Task Bodies_that_are_no_request_are_refused(string body)
    {
        using var answer = await server.Client.PostAsync("api/jobs", new StringContent(body));
        Assert.Equal(400, (await TestServer.ProblemAsync(answer)).Status);
    }

    [Fact]
    public async Task What_the_model_refuses_fails_the_job_with_a_sentence()
    {
        var job = await server.RunAsync(
            new
            {
                prompt = "red",
                width = 33,
                height = 33,
                steps = 100_000,
            }
        );
        Assert.Equal((JobState.Failed, JobError.InvalidRequest), (job.State, job.Error!.Code));
        Assert.Contains("100000", job.Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("api/jobs/nobody")]
    [InlineData("api/jobs/00000000000000000000000000000000")]
    [InlineData("api/jobs/..%2F..%2Fjobs.sqlite")]
    [InlineData("api/jobs/00000000000000000000000000000000/events")]
    public async Task Unknown_jobs_are_not_found(string path)
    {
        using var answer = await server.Client.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Theory]
    [InlineData("1.png")]
    [InlineData("..%2F..%2F..%2Fjobs.sqlite")]
    [InlineData("%2Fetc%2Fpasswd")]
    [InlineData("input")]
    public async Task Only_names_that_the_result_has_are_pictures(string name)
    {
        var job = await server.RunAsync(new { prompt = "red", rounds = 0 });
        using var answer = await server.Client.GetAsync($"api/jobs/{job.Id}/images/{name}");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task The_history_is_searched_and_jobs_are_removed_with_their_files()
    {
        var red = await server.RunAsync(new { prompt = "a red house", rounds = 0 });
        var blue = await server.RunAsync(new { prompt = "a blue house", rounds = 0 });
        Assert.Equal([blue.Id, red.Id], await ListAsync(""));
        Assert.Equal([red.Id], await ListAsync("?search=HOUSE+red"));
        Assert.Equal([red.Id], await ListAsync("?offset=1&limit=1"));
        using (var gone = await server.Client.DeleteAsync($"api/jobs/{red.Id}?remove=true"))
            Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        Assert.Equal([blue.Id], await ListAsync(""));
        using var picture = await server.Client.GetAsync(red.Result!.Pictures[0].Image);
        Assert.Equal(HttpStatusCode.NotFound, picture.StatusCode);

        async Task<IEnumerable<string?>> ListAsync(string query) =>
            (await server.Client.GetFromJsonAsync<JsonElement>($"api/jobs{query}"))
                .GetProperty("jobs")
                .EnumerateArray()
                .Select(static job => job.GetProperty("id").GetString())
                .ToList();
    }

    [Fact]
    public async Task A_full_queue_is_answered_with_when_to_ask_again()
    {
        await using var small = await TestServer.StartAsync(static options => options.QueueLimit = 1, withWorker: false);
        await small.SubmitAsync(Red);
        using var answer = await small.Client.PostAsJsonAsync("api/jobs", Red);
        Assert.Equal((429, "queue_full"), await CodeAsync(answer));
        Assert.NotNull(answer.Headers.RetryAfter);
    }

    [Fact]
    public async Task Too_many_requests_and_too_large_ones_are_refused()
    {
        await using var strict = await TestServer.StartAsync(
            static options => (options.RequestsPerMinute, options.MaxRequestBytes, options.MaxPicturePixels) = (3, 4000, 100),
            withWorker: false
        );
        using var tooLarge = await strict.Client.PostAsJsonAsync("api/jobs", new { prompt = new string('x', 5000) });
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);
        var picture = Convert.ToBase64String(ImageFile.EncodePng(new RgbImage(11, 10, new byte[330])));
        using var tooMany = await strict.Client.PostAsJsonAsync("api/jobs", new { prompt = "red", image = picture });
        Assert.Equal((400, "image_too_large"), await CodeAsync(tooMany));
        await strict.SubmitAsync(new { prompt = "red" });
        using var tooOften = await strict.Client.PostAsJsonAsync("api/jobs", new { prompt = "red" });
        Assert.Equal((429, "rate_limit_exceeded"), await CodeAsync(tooOften));
        Assert.NotNull(tooOften.Headers.RetryAfter);
    }

    [Fact]
    public async Task Old_results_and_those_above_the_quota_go()
    {
        var keeper = server.Services.GetRequiredService<FileKeeper>();
        var options = server.Services.GetRequiredService<ImgAlignServerOptions>();
        var (older, newer) = (
            await server.RunAsync(new { prompt = "red", rounds = 0 }),
            await server.RunAsync(new { prompt = "red", rounds = 0 })
        );
        var files = server.Services.GetRequiredService<JobFiles>();
        var sizes = files.ListAsync(default).Where(file => file.Id == newer.Id).Select(static file => file.File.Bytes);
        options.DataQuotaBytes = await sizes.SumAsync();
        await keeper.CleanAsync(default);
        Assert.Equal([newer.Id], server.Services.GetRequiredService<JobStore>().All());
        Assert.NotEqual(older.Id, newer.Id);
        options.ResultAge = TimeSpan.Zero;
        await keeper.CleanAsync(default);
        Assert.Empty(server.Services.GetRequiredService<JobStore>().All());
        Assert.Empty(await files.ListAsync(default).ToListAsync());
    }

    [Fact]
    public async Task What_late_and_dead_processes_left_goes_after_a_day_and_no_picture_does()
    {
        var store = server.Services.GetRequiredService<IFileStore>();
        var folder = server.Services.GetRequiredService<ImgAlignServerOptions>().DataPath;
        var job = await server.RunAsync(new { prompt = "red", rounds = 0 });
        string[] left = [$"jobs/{job.Id}/late/0.png", $"jobs/{JobFiles.NewId()}/input"];
        string[] young = [$"jobs/{job.Id}/late/1.png", $"jobs/{JobFiles.NewId()}/input"];
        foreach (var name in left.Concat(young))
            await store.WriteAsync(name, [1], default);
        await foreach (var file in store.ListAsync("jobs/", default).Where(file => !young.Contains(file.Name)))
            File.SetLastWriteTimeUtc(Path.Combine(folder, file.Name), DateTime.UtcNow.AddDays(-2));
        await server.Services.GetRequiredService<FileKeeper>().CleanAsync(default);
        var names = await store.ListAsync("jobs/", default).Select(static file => file.Name).ToListAsync();
        Assert.Empty(names.Intersect(left));
        Assert.Equal(young.Order(), names.Intersect(young).Order());
        Assert.NotEmpty(await server.Client.GetByteArrayAsync(job.Result!.Pictures[0].Image));
    }

    [Fact]
    public async Task The_document_health_and_the_dashboard_are_there()
    {
        var document = await server.Client.GetFromJsonAsync<JsonElement>("openapi/v1.json");
        foreach (
            var path in new[]
            {
                "/api/jobs",
                "/api/jobs/{id}",
                "/api/jobs/{id}/events",
                "/v1/images/generations",
                "/v1/images/edits",
                "/v1/models",
            }
        )
            Assert.True(document.GetProperty("paths").TryGetProperty(path, out _), path);
        Assert.Equal("Healthy", await server.Client.GetStringAsync("alive"));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while ((await server.Client.GetAsync("health", patience.Token)).StatusCode != HttpStatusCode.OK)
            await Task.Delay(100, patience.Token);
        Assert.Contains("ImgAlign", await server.Client.GetStringAsync("hangfire"), StringComparison.Ordinal);
    }

    private static async Task<(int, string?)> CodeAsync(HttpResponseMessage answer)
    {
        var (status, code, _) = await TestServer.ProblemAsync(answer);
        return (status, code);
    }

    private static async Task<RgbImage> PictureAsync(TestServer server, string address) =>
        ImageFile.Decode(await server.Client.GetByteArrayAsync(address), address);

    private static async Task<List<(string Kind, JsonElement Data)>> EventsAsync(TestServer server, string id, Action onFirst)
    {
        var events = new List<(string, JsonElement)>();
        await using var stream = await server.Client.GetStreamAsync($"api/jobs/{id}/events");
        await foreach (var item in SseParser.Create(stream).EnumerateAsync())
        {
            events.Add((item.EventType, JsonSerializer.Deserialize<JsonElement>(item.Data)));
            if (events.Count == 1)
                onFirst();
        }
        return events;
    }
}

using System.Net;
using System.Net.Http.Json;

namespace ImgAlign.Server.Tests;

public sealed class AccessTests
{
    private static async Task<HttpStatusCode> GetAsync(TestServer server, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await server.Client.SendAsync(request);
        return answer.StatusCode;
    }

    [Fact]
    public async Task Another_host_and_another_origin_are_refused()
    {
        await using var server = await TestServer.StartAsync(withWorker: false);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(server, "api/jobs"));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(server, "api/jobs", ("Origin", server.Address.GetLeftPart(UriPartial.Authority))));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(server, "api/jobs", ("Origin", "http://evil.example")));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(server, "api/jobs", ("Origin", "null")));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(server, "v1/models", ("Host", "evil.example")));
        Assert.Equal(HttpStatusCode.OK, await GetAsync(server, "api/jobs", ("Host", "localhost:1")));
        Assert.NotEqual(HttpStatusCode.OK, await GetAsync(server, "hangfire", ("Host", "evil.example")));
    }

    [Fact]
    public async Task Named_hosts_are_allowed()
    {
        await using var server = await TestServer.StartAsync(static options => options.AllowedHosts.Add("pictures.lan"), withWorker: false);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(server, "api/jobs", ("Host", "pictures.lan:80")));
    }

    [Fact]
    public async Task Behind_a_proxy_the_page_of_an_allowed_host_may_have_another_scheme()
    {
        await using var server = await TestServer.StartAsync(static options => options.AllowedHosts.Add("pictures.lan"), withWorker: false);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(server, "api/jobs", ("Host", "pictures.lan"), ("Origin", "https://pictures.lan")));
        foreach (var other in new[] { "https://evil.example", "https://pictures.lan:81" })
            Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(server, "api/jobs", ("Host", "pictures.lan"), ("Origin", other)));
    }

    [Fact]
    public async Task An_empty_key_is_refused_and_spaces_around_one_mean_nothing()
    {
        await Assert.ThrowsAsync<ImgAlignException>(() => TestServer.StartAsync(static options => options.Key = " ", withWorker: false));
        await using var server = await TestServer.StartAsync(static options => options.Key = "secret\n", withWorker: false);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(server, "api/jobs", ("Authorization", "Bearer secret")));
    }

    [Fact]
    public async Task A_key_is_needed_where_one_is_configured_and_the_page_gets_a_cookie_for_it()
    {
        await using var server = await TestServer.StartAsync(static options => options.Key = "secret", withWorker: false);
        foreach (var path in new[] { "api/jobs", "api/server", "v1/models", "hangfire" })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(server, path));
            Assert.Equal(HttpStatusCode.Unauthorized, await GetAsync(server, path, ("Authorization", "Bearer wrong")));
            Assert.Equal(HttpStatusCode.OK, await GetAsync(server, path, ("Authorization", "Bearer secret")));
        }
        Assert.Equal(HttpStatusCode.OK, await GetAsync(server, ""));
        using var wrong = await server.Client.PostAsync("api/session", new StringContent("wrong"));
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        using var right = await server.Client.PostAsync("api/session", new StringContent("secret"));
        var cookie = Assert.Single(right.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("secret", cookie, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await GetAsync(server, "api/jobs")); // the client keeps cookies
    }

    [Fact]
    public async Task Only_workers_of_the_server_tell_of_jobs()
    {
        await using var server = await TestServer.StartAsync(withWorker: false);
        using var answer = await server.Client.PostAsJsonAsync(
            "api/worker/jobs/00000000000000000000000000000000/events",
            Array.Empty<object>()
        );
        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Theory]
    [InlineData("http://127.0.0.1:7860", true)]
    [InlineData("http://localhost:7860", true)]
    [InlineData("http://[::1]:7860", true)]
    [InlineData("http://0.0.0.0:7860", false)]
    [InlineData("http://[::]:7860", false)]
    [InlineData("http://*:7860", false)]
    [InlineData("http://+:7860", false)]
    [InlineData("http://192.168.1.2:7860", false)]
    public void Addresses_of_this_machine_alone_are_known(string url, bool isLoopback) =>
        Assert.Equal(isLoopback, Access.AccessRules.IsLoopback(url));

    [Fact]
    public async Task The_page_loads_nothing_from_elsewhere_and_runs_no_script_but_its_own()
    {
        await using var server = await TestServer.StartAsync(withWorker: false);
        using var page = await server.Client.GetAsync("");
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'; script-src 'self';", policy, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, await GetAsync(server, "page/nothing.js"));
        Assert.Equal(HttpStatusCode.NotFound, await GetAsync(server, "page/..%2Findex.html"));
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using ImgAlign.Server.Jobs;

namespace ImgAlign.Server.Tests;

/// <summary><c>imgalign serve</c> in a process of its own, with its workers in theirs.</summary>
internal sealed class ServeProcess : IDisposable
{
    /// <summary>The tool's program.</summary>
    public static string Tool { get; } = Path.Combine(AppContext.BaseDirectory, "ImgAlign.Cli.dll");

    /// <summary>How long a job may take on a busy machine to get so far as a test waits for.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process process;

    private ServeProcess(Process process, string address)
    {
        this.process = process;
        Client = new HttpClient { BaseAddress = new Uri(address) };
    }

    public HttpClient Client { get; }

    /// <summary>The process ids of the workers; Linux says whose children they are.</summary>
    public IReadOnlyList<int> Workers =>
        [
            .. Directory
                .EnumerateDirectories("/proc")
                .Select(static folder => int.TryParse(Path.GetFileName(folder), out var id) ? id : 0)
                .Where(id => id > 0 && ParentOf(id) == process.Id),
        ];

    /// <summary>The processor time that the server has taken, and that its workers have.</summary>
    public (TimeSpan Server, TimeSpan Workers) ProcessorTime
    {
        get
        {
            process.Refresh();
            var workers = TimeSpan.Zero;
            foreach (var id in Workers)
            {
                using var worker = Process.GetProcessById(id);
                workers += worker.TotalProcessorTime;
            }
            return (process.TotalProcessorTime, workers);
        }
    }

    public static async Task<ServeProcess> StartAsync(
        string data,
        string? postgres = null,
        string host = "127.0.0.1",
        int workers = 1,
        string? results = null,
        IReadOnlyDictionary<string, string?>? environment = null,
        string? configuration = null,
        int port = 0
    )
    {
        string[] arguments = ["exec", Tool, "serve", "--urls", $"http://{host}:{port}", "--data", data];
        IEnumerable<string> devices = workers == 0 ? ["none"] : Enumerable.Repeat("cpu", workers);
        IEnumerable<string> place = results is null ? [] : ["--results", results];
        IEnumerable<string> models = configuration is null ? [] : ["--config", configuration];
        var start = new ProcessStartInfo("dotnet", [.. arguments, .. place, .. models, "--devices", .. devices])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["IMGALIGN_POSTGRES"] = postgres;
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync();
        return new ServeProcess(process, line?.Split(' ')[^1] ?? throw new InvalidOperationException("The server did not start."));
    }

    public async Task<Job> SubmitAsync(object request)
    {
        using var answer = await Client.PostAsJsonAsync("api/jobs", request);
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<Job>(ServerJson.Options))!;
    }

    public async Task<Job> UntilAsync(string id, Func<Job, bool> isReached, TimeSpan? patience = null)
    {
        using var end = new CancellationTokenSource(patience ?? Patience);
        while (true)
        {
            var job = (await Client.GetFromJsonAsync<Job>($"api/jobs/{id}", ServerJson.Options, end.Token))!;
            if (isReached(job))
                return job;
            await Task.Delay(100, end.Token);
        }
    }

    /// <summary>Ends a process as the kernel does when memory is short: at once.</summary>
    public static void Kill(int id)
    {
        using var victim = Process.GetProcessById(id);
        victim.Kill();
    }

    public void Kill() => process.Kill();

    public void Dispose()
    {
        Client.Dispose();
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        process.WaitForExit();
        process.Dispose();
    }

    private static int ParentOf(int id)
    {
        try
        {
            // "pid (name) state ppid"; the name may have blanks.
            return int.Parse(File.ReadAllText($"/proc/{id}/stat").Split(") ")[^1].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0; // it has ended meanwhile
        }
    }
}

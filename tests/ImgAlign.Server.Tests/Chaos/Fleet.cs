using System.Diagnostics;
using ImgAlign.Server.Files;
using ImgAlign.Server.Jobs;
using ImgAlign.Tests;
using Npgsql;

namespace ImgAlign.Server.Tests.Chaos;

/// <summary>A server here, workers on two other machines, PostgreSQL, and results in S3 or in a shared folder; and what may happen to
/// them.</summary>
internal sealed class Fleet : IDisposable
{
    private const int Machines = 2;
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(30);

    private readonly string data = Directory.CreateTempSubdirectory("imgalign-chaos-").FullName;
    private readonly string postgres = Postgres.NewConnection();
    private readonly string? results = string.IsNullOrEmpty(Environment.GetEnvironmentVariable(S3.Variable)) ? null : S3.NewAddress();
    private readonly int port = LocalPort.Free();
    private readonly Machine[] machines = [.. Enumerable.Range(0, Machines).Select(static number => new Machine(number))];
    private readonly Process[] workers;

    private Fleet() => workers = [.. Enumerable.Range(0, Machines).Select(StartWorker)];

    /// <summary>The server; another one after its death.</summary>
    public ServeProcess Server { get; private set; } = null!;

    /// <summary>How many workers were asked to end, and gave their job back.</summary>
    public int Ended { get; private set; }

    public static async Task<Fleet> StartAsync()
    {
        var fleet = new Fleet();
        await fleet.StartServerAsync();
        return fleet;
    }

    /// <summary>The files of all jobs.</summary>
    public IFileStore OpenFiles() => results is null ? new FolderFileStore(data) : new S3FileStore(results);

    public JobStore OpenStore() => new(JobStorageFactory.Open(new ImgAlignServerOptions { Postgres = postgres }), TimeProvider.System);

    /// <summary>What happens to a worker or to its machine.</summary>
    public IReadOnlyList<(string Name, Func<int, TimeSpan, Task> Run)> OfWorkers =>
        [
            ("a worker is killed", KillWorkerAsync),
            ("a worker is asked to end", EndWorkerAsync),
            ("a worker is frozen", FreezeWorkerAsync),
            ("a machine is cut off", CutAsync),
            ("a worker is added for a while, and killed", AddWorkerAsync),
        ];

    /// <summary>What happens to the server or to the database.</summary>
    public IReadOnlyList<(string Name, Func<int, TimeSpan, Task> Run)> OfServer =>
        [("the server is killed", KillServerAsync), ("the database closes all connections", CloseConnectionsAsync)];

    public void Dispose()
    {
        Server.Dispose();
        foreach (var worker in workers)
        {
            worker.Kill();
            worker.WaitForExit();
        }
        foreach (var machine in machines)
            machine.Dispose();
        Directory.Delete(data, recursive: true);
    }

    private async Task KillWorkerAsync(int machine, TimeSpan pause)
    {
        workers[machine].Kill();
        await Task.Delay(pause);
        workers[machine] = StartWorker(machine);
    }

    private async Task EndWorkerAsync(int machine, TimeSpan pause)
    {
        Signal(workers[machine], "-TERM");
        using var patience = new CancellationTokenSource(Farewell);
        await workers[machine].WaitForExitAsync(patience.Token);
        Ended++;
        await Task.Delay(pause);
        workers[machine] = StartWorker(machine);
    }

    private async Task FreezeWorkerAsync(int machine, TimeSpan pause)
    {
        Signal(workers[machine], "-STOP");
        await Task.Delay(pause);
        Signal(workers[machine], "-CONT");
    }

    private async Task CutAsync(int machine, TimeSpan pause)
    {
        machines[machine].Cut();
        await Task.Delay(pause);
        machines[machine].Mend();
    }

    private async Task AddWorkerAsync(int machine, TimeSpan pause)
    {
        using var added = StartWorker(machine);
        await Task.Delay(pause);
        added.Kill();
    }

    private async Task KillServerAsync(int machine, TimeSpan pause)
    {
        Server.Kill();
        await Task.Delay(pause);
        Server.Dispose();
        await StartServerAsync();
    }

    private async Task CloseConnectionsAsync(int machine, TimeSpan pause)
    {
        await using var connection = new NpgsqlConnection(postgres + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        await command.ExecuteNonQueryAsync();
    }

    private async Task StartServerAsync() =>
        Server = await ServeProcess.StartAsync(data, postgres, workers: 0, results: results, port: port);

    private Process StartWorker(int machine)
    {
        var host = machines[machine].Host;
        var environment = S3.Environment.ToDictionary(
            static variable => variable.Key,
            variable => variable.Value?.Replace("127.0.0.1", host, StringComparison.Ordinal)
        );
        environment["IMGALIGN_POSTGRES"] = new NpgsqlConnectionStringBuilder(postgres) { Host = host }.ConnectionString;
        string[] place = results is null ? [] : ["--results", results];
        return machines[machine].Start(["work", "--data", data, .. place], environment, Path.Combine(data, "workers.log"));
    }

    private static void Signal(Process process, string signal)
    {
        using var kill = Process.Start("kill", [signal, process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }
}

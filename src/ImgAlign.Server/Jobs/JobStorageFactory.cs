using Hangfire;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using Hangfire.Storage.SQLite;
using Npgsql;
using SQLite;

namespace ImgAlign.Server.Jobs;

/// <summary>Opens Hangfire's storage with times that fit a queue of pictures.</summary>
internal static class JobStorageFactory
{
    // How soon an idle worker sees a ticket.
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    // The shortest that its store allows.
    private static readonly TimeSpan PostgresPoll = TimeSpan.FromMilliseconds(50);

    // A process that dies with a lock in its hands delays the others so long.
    private static readonly TimeSpan LockLifetime = TimeSpan.FromSeconds(5);

    // Half of what a worker may be silent for: after that, nothing counts that it has begun.
    private static readonly TimeSpan TransactionPatience = JobKeeper.Patience / 2;

    // Two processes write in turns.
    private static readonly TimeSpan BusyPatience = TimeSpan.FromSeconds(10);

    /// <summary>Opens PostgreSQL where it is configured, and otherwise the SQLite file in the data folder.</summary>
    public static JobStorage Open(ImgAlignServerOptions options)
    {
        if (options.Postgres is { } connection)
            return OpenPostgres(connection);
        var file = Path.Combine(Directory.CreateDirectory(options.DataPath).FullName, "jobs.sqlite");
        var storage = new SQLiteStorage(
            new SQLiteDbConnectionFactory(() => Connect(file)),
            new SQLiteStorageOptions { QueuePollInterval = Poll, DistributedLockLifetime = LockLifetime }
        );
        AddIndexes(storage);
        return storage;
    }

    // Hangfire's store has an index for each column alone, by which SQLite looks for a field of a job among those of the same name of all
    // jobs that are kept, and for a job in the queue among all that wait.
    private static void AddIndexes(SQLiteStorage storage)
    {
        using var context = storage.CreateAndOpenConnection();
        context.Database.Execute("""CREATE INDEX IF NOT EXISTS "IX_ImgAlign_Hash" ON "Hash" ("Key", "Field")""");
        context.Database.Execute("""CREATE INDEX IF NOT EXISTS "IX_ImgAlign_Set" ON "Set" ("Key", "Value")""");
    }

    private static SQLiteConnection Connect(string file)
    {
        var flags = SQLiteOpenFlags.ReadWrite | SQLiteOpenFlags.Create | SQLiteOpenFlags.FullMutex;
        var connection = new SQLiteConnection(file, flags, storeDateTimeAsTicks: true) { BusyTimeout = BusyPatience };
        // Hangfire's store commits each of the fifty or so writes of a job by itself, and by default each waits for the disk. So it
        // waits at checkpoints only: what is committed survives the death of any process, and a power cut loses at most the last moments.
        connection.Execute("PRAGMA synchronous = NORMAL");
        return connection;
    }

    private static PostgreSqlStorage OpenPostgres(string connection)
    {
        var options = new PostgreSqlStorageOptions { QueuePollInterval = PostgresPoll, DistributedLockTimeout = LockLifetime };
        var settings = new NpgsqlConnectionStringBuilder(connection);
        // What the connection string itself says comes last, and counts.
        settings.Options = $"-c idle_in_transaction_session_timeout={TransactionPatience.TotalMilliseconds} {settings.Options}".TrimEnd();
        return new PostgreSqlStorage(new NpgsqlConnectionFactory(settings.ConnectionString, options), options);
    }
}

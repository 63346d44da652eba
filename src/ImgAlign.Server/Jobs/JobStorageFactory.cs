using Hangfire;
using Hangfire.PostgreSql;
using Hangfire.Storage.SQLite;
using SQLite;

namespace ImgAlign.Server.Jobs;

/// <summary>Opens Hangfire's storage with times that fit a queue of pictures.</summary>
internal static class JobStorageFactory
{
    // How soon an idle worker sees a ticket.
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    // A process that dies with a lock in its hands delays the others so long.
    private static readonly TimeSpan LockLifetime = TimeSpan.FromSeconds(5);

    // Two processes write in turns.
    private static readonly TimeSpan BusyPatience = TimeSpan.FromSeconds(10);

    /// <summary>Opens PostgreSQL where it is configured, and otherwise the SQLite file in the data folder.</summary>
    public static JobStorage Open(ImgAlignServerOptions options)
    {
        if (options.Postgres is { } connection)
            return new PostgreSqlStorage(
                new Hangfire.PostgreSql.Factories.NpgsqlConnectionFactory(connection, PostgresOptions()),
                PostgresOptions()
            );
        var file = Path.Combine(Directory.CreateDirectory(options.DataPath).FullName, "jobs.sqlite");
        return new SQLiteStorage(
            new SQLiteDbConnectionFactory(() =>
                new SQLiteConnection(
                    file,
                    SQLiteOpenFlags.ReadWrite | SQLiteOpenFlags.Create | SQLiteOpenFlags.FullMutex,
                    storeDateTimeAsTicks: true
                )
                {
                    BusyTimeout = BusyPatience,
                }
            ),
            new SQLiteStorageOptions { QueuePollInterval = Poll, DistributedLockLifetime = LockLifetime }
        );
    }

    private static PostgreSqlStorageOptions PostgresOptions() => new() { QueuePollInterval = Poll, DistributedLockTimeout = LockLifetime };
}

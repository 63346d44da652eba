using Hangfire;
using ImgAlign.Server.Jobs;
using Npgsql;

namespace ImgAlign.Server.Tests;

/// <summary>A PostgreSQL server for tests, where <c>IMGALIGN_TEST_POSTGRES</c> names one; <c>.ci/run</c> starts it.</summary>
internal static class Postgres
{
    public const string Variable = "IMGALIGN_TEST_POSTGRES";

    /// <summary>The connection string of a database of its own.</summary>
    public static string NewConnection()
    {
        var server = Environment.GetEnvironmentVariable(Variable)!;
        var name = $"imgalign_{Guid.NewGuid():N}";
        using var connection = new NpgsqlConnection(server);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"CREATE DATABASE {name}";
        command.ExecuteNonQuery();
        return new NpgsqlConnectionStringBuilder(server) { Database = name }.ConnectionString;
    }

    /// <summary>A storage of its own, which may be opened several times.</summary>
    public static Func<JobStorage> NewDatabase()
    {
        var connection = NewConnection();
        return () => JobStorageFactory.Open(new ImgAlignServerOptions { Postgres = connection });
    }
}

/// <summary>A test that needs PostgreSQL.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Postgres.Variable)))
            Skip = "Not installed: postgresql.";
    }
}

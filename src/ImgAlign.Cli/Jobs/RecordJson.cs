using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Training.Data;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Jobs;

/// <summary>How records are written, and what all of them hold.</summary>
internal static class RecordJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The version of the library.</summary>
    public static string LibraryVersion =>
        typeof(AlignmentPipeline).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>The values of a configuration by their keys.</summary>
    public static IReadOnlyDictionary<string, string?> Values(IConfigurationSection configuration) =>
        configuration
            .AsEnumerable(makePathsRelative: true)
            .Where(pair => pair.Value is not null)
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .ToDictionary();

    /// <summary>A record as the text of a JSON file.</summary>
    public static string Write(GenerationRecord record) => JsonSerializer.Serialize(record, record.GetType(), Options);

    /// <summary>What a record tells that its picture can be made again by.</summary>
    /// <param name="json">The record.</param>
    /// <exception cref="JsonException">It is none.</exception>
    public static RecordedRequest Read(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<RecordedRequest>(json, Options) is { Asked: not null, Configuration: not null, Sources: not null } record
            ? record
            : throw new JsonException();

    /// <summary>
    /// Makes sure that a record is of what a job asks for now, of the same models' files and the same given picture, so that another
    /// picture is not taken for the job's.
    /// </summary>
    /// <exception cref="ImgAlignException">It is not, or it cannot be read.</exception>
    public static void RequireFor(PictureJob job, RecordedRun run, string file)
    {
        var record = Read(file);
        var (then, now) = (
            RecordedRun.OfPicture(record.Asked, record.Configuration),
            RecordedRun.OfPicture(run.Asked(job), run.Configuration)
        );
        foreach (var key in now.Keys.Union(then.Keys))
            Compare(key, then.GetValueOrDefault(key), now.GetValueOrDefault(key));
        // Of what is on both sides: files that are not fetched yet have nothing to compare.
        foreach (var (key, source) in record.Sources)
        {
            if (run.Sources.TryGetValue(key, out var current))
                Compare($"{key} of", source, current);
        }

        void Compare(string key, string? earlier, string? asked)
        {
            if (earlier == asked)
                return;
            throw new ImgAlignException(
                $"{file}: this result was made with {Setting(key, earlier)}, but now it is {Setting(key, asked)}; "
                    + "name another folder with --out, or replace it with --overwrite."
            );
        }

        static string Setting(string key, string? value) => value is null ? $"no {key}" : $"{key} '{value}'";
    }

    /// <summary>The pairs of a record.</summary>
    /// <exception cref="ImgAlignException">It has none, or cannot be read.</exception>
    public static IReadOnlyList<PreferencePair> ReadPairs(string file) =>
        Read(file, static json => JsonSerializer.Deserialize<Judged>(json, Options)?.Pairs ?? throw new JsonException());

    private static RecordedRequest Read(string file) => Read(file, static json => Read(json));

    private static T Read<T>(string file, Func<byte[], T> read)
    {
        try
        {
            return read(File.ReadAllBytes(file));
        }
        catch (JsonException exception)
        {
            throw new ImgAlignException($"{file}: this is no record of a result; move it, or replace it with --overwrite.", exception);
        }
    }

    private sealed record Judged(IReadOnlyList<PreferencePair>? Pairs);
}

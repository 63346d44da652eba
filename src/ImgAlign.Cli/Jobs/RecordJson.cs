using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
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
        configuration.AsEnumerable(makePathsRelative: true)
            .Where(pair => pair.Value is not null)
            .OrderBy(pair => pair.Key, StringComparer.Ordinal).ToDictionary();

    /// <summary>A record as the text of a JSON file.</summary>
    public static string Write<T>(T record) => JsonSerializer.Serialize(record, Options);

    /// <summary>Makes sure that a record is of a job's prompt, so that a picture of another one is not taken for the job's.</summary>
    /// <exception cref="ImgAlignException">It is not, or it cannot be read.</exception>
    public static void RequireFor(PictureJob job, string file)
    {
        try
        {
            var record = JsonSerializer.Deserialize<Asked>(File.ReadAllBytes(file), Options);
            if (record == new Asked(job.Prompt, job.NegativePrompt, job.Seed, job.ImageFile)) return;
        }
        catch (JsonException exception)
        {
            throw new ImgAlignException($"{file}: this is no record of a result; move it, or replace it with --overwrite.", exception);
        }
        throw new ImgAlignException(
            $"{file}: this result is of another prompt, negative prompt, seed or picture; "
            + "name another folder with --out, or replace it with --overwrite.");
    }

    private sealed record Asked(string Prompt, string? NegativePrompt, long Seed, string? Image);
}

using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Hub;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Align;

/// <summary>Settings in sections of a JSON file.</summary>
internal static class SettingsFile
{
    /// <summary>
    /// The values of a section by their keys. Paths in the file are relative to it, so that it can lie beside the checkpoints and be used
    /// from anywhere.
    /// </summary>
    /// <param name="file">The file; null: there are none.</param>
    /// <param name="name">The section.</param>
    /// <exception cref="ImgAlignException">The file is broken, or has no such section.</exception>
    public static Dictionary<string, string?> Read(string? file, string name)
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        if (file is null)
            return settings;
        var path = Path.GetFullPath(file);
        var section = ReadJson(path, name).GetSection(name);
        if (!section.Exists())
            throw new ImgAlignException($"{path}: there is no section {name} in it.");
        foreach (var (key, value) in section.AsEnumerable(makePathsRelative: true))
            settings[key] = value is not null && IsPath(key) ? FromFile(value, Path.GetDirectoryName(path)!) : value;
        return settings;
    }

    /// <summary>A configuration with other values of some of its keys; paths among them are relative to a folder.</summary>
    /// <exception cref="HubException">A path begins with <c>hf:</c>, and what follows is not a name.</exception>
    public static IConfigurationSection Change(
        IConfigurationSection configuration,
        IEnumerable<KeyValuePair<string, string>> changes,
        string folder
    )
    {
        var settings = configuration
            .AsEnumerable(makePathsRelative: true)
            .Where(static pair => pair.Value is not null)
            .ToDictionary(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in changes)
            settings[key] = IsPath(key) ? FromFile(value, folder) : value;
        return ToSection(settings, configuration.Key);
    }

    /// <summary>Settings as a section.</summary>
    /// <param name="settings">Values by their keys.</param>
    /// <param name="section">The section's name.</param>
    public static IConfigurationSection ToSection(Dictionary<string, string?> settings, string section)
    {
        var values = settings.Select(pair => KeyValuePair.Create($"{section}:{pair.Key}", pair.Value));
        return new ConfigurationBuilder().AddInMemoryCollection(values).Build().GetSection(section);
    }

    /// <summary>Whether a key holds a path.</summary>
    public static bool IsPath(string key) => key.EndsWith("Path", StringComparison.OrdinalIgnoreCase);

    private static IConfigurationRoot ReadJson(string path, string section)
    {
        if (Directory.Exists(path))
            throw new ImgAlignException($"{path}: this is a folder; give the JSON file in it.");
        if (!File.Exists(path))
            throw new ImgAlignException($"{path}: there is no such file; give a JSON file with the section {section}.");
        try
        {
            using var stream = new MemoryStream(File.ReadAllBytes(path));
            return new ConfigurationBuilder().AddJsonStream(stream).Build();
        }
        catch (JsonException exception)
        {
            throw new ImgAlignException(
                $"{path}: not valid JSON in line {exception.LineNumber + 1}: {exception.Message.Split(" LineNumber:")[0]}",
                exception
            );
        }
        catch (FormatException exception)
        {
            throw new ImgAlignException($"{path}: {exception.Message}", exception);
        }
    }

    // A name of the hub stays one, unless a path of that name exists beside the file.
    private static string FromFile(string value, string folder)
    {
        var path = Path.GetFullPath(value, folder);
        return !Path.Exists(path) && HubName.TryRead(value, out _) ? value : path;
    }
}

using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Train;

/// <summary>The options of a training, from a section of a configuration.</summary>
internal static class TrainingSection
{
    /// <summary>Reads options. A key that no option has is refused: a slip of the pen would be a run with other options than were meant.</summary>
    /// <param name="section">The section.</param>
    /// <exception cref="ImgAlignException">A key is not known, or a value is of another kind than its option.</exception>
    public static TOptions Read<TOptions>(IConfigurationSection section) where TOptions : new()
    {
        RefuseUnknown(section, typeof(TOptions));
        var options = new TOptions();
        try
        {
            section.Bind(options);
        }
        catch (InvalidOperationException exception)
        {
            throw new ImgAlignException(exception.Message, exception);
        }
        return options;
    }

    private static void RefuseUnknown(IConfigurationSection section, Type type)
    {
        var known = type.GetProperties(BindingFlags.Public | BindingFlags.Instance).ToDictionary(static property => property.Name, static property => property.PropertyType, StringComparer.OrdinalIgnoreCase);
        foreach (var child in section.GetChildren())
        {
            if (!known.TryGetValue(child.Key, out var value)) throw new ImgAlignException($"{child.Path} is no option; {section.Path} has {string.Join(", ", known.Keys.Order(StringComparer.Ordinal))}.");
            if (child.Value is null) RefuseUnknown(child, value);
        }
    }
}

using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.DependencyInjection;

/// <summary>
/// Compares a section with the options that it is bound to. The binder's own <c>ErrorOnUnknownConfiguration</c> is not enough: it passes
/// over a text where an object or a list is needed, a list where a text is needed, and knows nothing of sections that other options are
/// bound to.
/// </summary>
/// <param name="bound">The sections that options are bound to.</param>
internal sealed class ConfigurationCheck(IEnumerable<BoundSection> bound)
{
    private readonly IReadOnlyList<string> bound = [.. bound.Select(static section => section.Path)];
    private readonly NullabilityInfoContext nullability = new();

    /// <summary>What is wrong with a section, one sentence for each key.</summary>
    /// <param name="section">The section.</param>
    /// <param name="type">The type of the options.</param>
    public IEnumerable<string> Problems(IConfiguration section, Type type)
    {
        var options = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(static property => property.SetMethod is { IsPublic: true } || ItemType(property.PropertyType) is not null)
            .ToDictionary(static property => property.Name, StringComparer.OrdinalIgnoreCase);
        return section
            .GetChildren()
            .SelectMany(child =>
                options.TryGetValue(child.Key, out var option)
                    ? ValueProblems(child, option.PropertyType, nullability.Create(option).WriteState is not NullabilityState.NotNull)
                    : UnknownKeys(child, options.Keys)
            );
    }

    private IEnumerable<string> ValueProblems(IConfigurationSection section, Type type, bool canBeNull)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        var children = section.GetChildren().ToList();
        if (type == typeof(string) || type.IsValueType)
        {
            if (children.Count > 0)
                return [$"{section.Path} is a list or an object, but a single value is needed."];
            if (section.Value is not { } text)
                return canBeNull ? [] : [$"{section.Path} is null; give a value, or leave the key out for its default."];
            return Needed(type, text) is { } needed ? [$"{section.Path} is '{text}', but {needed} is needed."] : [];
        }
        var isList = ItemType(type) is not null && !IsDictionary(type);
        if (children.Count == 0 && !string.IsNullOrEmpty(section.Value))
            return [$"{section.Path} is '{section.Value}', but {(isList ? "a list" : Object(type))} is needed."];
        if (isList && children.Any(static child => !int.TryParse(child.Key, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
            return [$"{section.Path} is an object, but a list is needed."];
        return ItemType(type) is { } item
            ? children.SelectMany(child => ValueProblems(child, item, canBeNull: false))
            : Problems(section, type);
    }

    // A key that no option has: wrong, unless other options are bound to it or to something below it.
    private IEnumerable<string> UnknownKeys(IConfigurationSection section, IEnumerable<string> options)
    {
        if (bound.Contains(section.Path, StringComparer.OrdinalIgnoreCase))
            return [];
        var below = bound
            .Where(path => path.StartsWith($"{section.Path}:", StringComparison.OrdinalIgnoreCase))
            .Select(path => path[(section.Path.Length + 1)..])
            .ToList();
        if (below.Count > 0)
            return section.GetChildren().SelectMany(child => UnknownKeys(child, below.Select(static path => path.Split(':')[0])));
        var parent = section.Path[..^section.Key.Length];
        var siblings = bound
            .Where(path => path.StartsWith(parent, StringComparison.OrdinalIgnoreCase))
            .Select(path => path[parent.Length..].Split(':')[0]);
        var known = options.Concat(siblings).Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal).ToList();
        var nearest =
            known.Find(name => name.StartsWith(section.Key, StringComparison.OrdinalIgnoreCase))
            ?? known
                .Where(name => Distance(name, section.Key) <= Math.Max(2, section.Key.Length / 3))
                .MinBy(name => Distance(name, section.Key));
        return nearest is not null
            ? [$"{section.Path} is not an option; did you mean {nearest}?"]
            : [$"{section.Path} is not an option; here are {string.Join(", ", known)}."];
    }

    // What a single value must be and a text is not, or null.
    private static string? Needed(Type type, string text)
    {
        var culture = CultureInfo.InvariantCulture;
        if (type.IsEnum)
            return Enum.GetNames(type).Contains(text, StringComparer.OrdinalIgnoreCase)
                ? null
                : $"one of {string.Join(", ", Enum.GetNames(type))}";
        if (type == typeof(bool))
            return bool.TryParse(text, out _) ? null : "true or false";
        if (type == typeof(int))
            return int.TryParse(text, NumberStyles.AllowLeadingSign, culture, out _) ? null : $"a whole number up to {int.MaxValue}";
        if (type == typeof(long))
            return long.TryParse(text, NumberStyles.AllowLeadingSign, culture, out _) ? null : $"a whole number up to {long.MaxValue}";
        if (type == typeof(double))
            return double.TryParse(text, NumberStyles.Float, culture, out var number) && double.IsFinite(number)
                ? null
                : "a finite number such as 0.5";
        return null;
    }

    private static string Object(Type type) =>
        IsDictionary(type)
            ? "an object"
            : $"an object with {string.Join(", ", PropertiesOf(type).Select(static property => property.Name))}";

    private static PropertyInfo[] PropertiesOf(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance);

    private static bool IsDictionary(Type type) => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IDictionary<,>);

    // The type of what a list or a dictionary holds, or null.
    private static Type? ItemType(Type type) =>
        type.IsGenericType && (IsDictionary(type) || type.GetGenericTypeDefinition() == typeof(IList<>))
            ? type.GetGenericArguments()[^1]
            : null;

    // The number of letters to insert, remove or replace (Levenshtein), case aside.
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = diagonal + (char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, 1 + Math.Min(row[j], row[j - 1]));
            }
        }
        return row[^1];
    }
}

using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace ImgAlign.Cli;

/// <summary>
/// Options that hold a number or one of a few words. Numbers are written with a point and without separators of thousands, whatever the
/// culture.
/// </summary>
internal static class ValueOption
{
    /// <summary>An option that holds a finite number.</summary>
    public static Option<T?> Number<T>(string name, string description)
        where T : struct, INumber<T> => Create(name, description, ParseNumber<T>);

    /// <summary>An option that holds finite numbers, with commas or spaces between them, as one word of the command line.</summary>
    public static Option<IReadOnlyList<double>?> Numbers(string name, string description) =>
        new(name)
        {
            Description = description,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = static result =>
                [
                    .. result
                        .Tokens.SelectMany(static token => token.Value.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries))
                        .Select(text => ParseNumber<double>(text, result) ?? double.NaN),
                ],
        };

    /// <summary>An option that holds one of the names of an enumeration; the description ends with them.</summary>
    /// <param name="name">The option.</param>
    /// <param name="description">What it is for.</param>
    /// <param name="naming">How the names are written; null: as they are. Case does not matter.</param>
    public static Option<T?> Choice<T>(string name, string description, JsonNamingPolicy? naming = null)
        where T : struct, Enum
    {
        var names = string.Join(", ", Enum.GetValues<T>().Select(NameOf));
        return Create<T>(
            name,
            $"{description.TrimEnd('.')}: {names}.",
            (token, result) =>
            {
                foreach (var value in Enum.GetValues<T>())
                {
                    if (string.Equals(NameOf(value), token, StringComparison.OrdinalIgnoreCase))
                        return value;
                }
                result.AddError($"{OptionName(result)} is '{token}'; use {names}.");
                return null;
            }
        );

        string NameOf(T value) => naming?.ConvertName(value.ToString()) ?? value.ToString();
    }

    /// <summary>A number of the command line.</summary>
    /// <param name="token">The text.</param>
    /// <param name="result">Gets an error when the text is no such number.</param>
    public static T? ParseNumber<T>(string token, ArgumentResult result)
        where T : struct, INumber<T>
    {
        var isWhole = T.IsInteger(T.One / (T.One + T.One)); // a half is no value of it
        var style = isWhole ? NumberStyles.AllowLeadingSign : NumberStyles.Float;
        if (T.TryParse(token, style, CultureInfo.InvariantCulture, out var value) && T.IsFinite(value))
            return value;
        result.AddError(
            $"{OptionName(result)} is '{token}', but "
                + $"{(isWhole ? $"a whole number up to {MaxValue<T>()}" : "a finite number such as 0.5")} is needed."
        );
        return null;
    }

    private static Option<T?> Create<T>(string name, string description, Func<string, ArgumentResult, T?> parse)
        where T : struct =>
        new(name)
        {
            Description = description,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => parse(result.Tokens[0].Value, result),
        };

    private static string? MaxValue<T>()
        where T : struct, INumber<T> => T.CreateSaturating(double.MaxValue).ToString(null, CultureInfo.InvariantCulture);

    private static string OptionName(ArgumentResult result) =>
        ((OptionResult)result.Parent!).IdentifierToken?.Value ?? ((OptionResult)result.Parent!).Option.Name;
}

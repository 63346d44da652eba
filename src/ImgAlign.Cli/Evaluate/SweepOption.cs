using System.Globalization;
using ImgAlign.Evaluation;

namespace ImgAlign.Cli.Evaluate;

/// <summary><c>--sweep scale=0.1,0.2,0.4</c>: a round with each of several values of one setting.</summary>
internal static class SweepOption
{
    private static readonly Dictionary<string, Func<double, EvaluationArm>> Settings = new()
    {
        ["scale"] = static value => new(Name("scale", value)) { Rounds = 1, Scale = value },
        ["strength"] = static value => new(Name("strength", value)) { Rounds = 1, Strength = value },
        ["guidance"] = static value => new(Name("guidance", value)) { Rounds = 1, Guidance = value },
        ["steps"] = static value => new(Name("steps", value)) { Rounds = 1, Steps = Whole("steps", value) },
        ["passes"] = static value => new(Name("passes", value)) { Rounds = 1, Passes = Whole("passes", value) },
    };

    /// <summary>The settings that can be swept.</summary>
    public static string Names => string.Join(", ", Settings.Keys);

    /// <summary>The base model, and an arm for each value.</summary>
    /// <param name="text">What the command line says.</param>
    /// <exception cref="ImgAlignException">It is no setting with numbers.</exception>
    public static ArmMatrix Read(string text)
    {
        if (text.Split('=') is not [var name, var values] || !Settings.TryGetValue(name, out var arm))
            throw new ImgAlignException($"--sweep is '{text}'; use NAME=VALUE,VALUE with one of {Names}, such as scale=0.1,0.2,0.4.");
        return new ArmMatrix { Arms = [new("base"), .. values.Split(',').Select(Number).Distinct().Select(arm)] };

        double Number(string value) =>
            double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
                ? number
                : throw new ImgAlignException($"--sweep is '{text}', but '{value}' is no number; use numbers such as 0.2.");
    }

    private static string Name(string setting, double value) => string.Create(CultureInfo.InvariantCulture, $"{setting} {value}");

    private static int Whole(string setting, double value) =>
        value == Math.Floor(value) && value is >= 1 and <= int.MaxValue
            ? (int)value
            : throw new ImgAlignException(
                string.Create(CultureInfo.InvariantCulture, $"--sweep has {setting} {value}; use whole numbers from 1.")
            );
}

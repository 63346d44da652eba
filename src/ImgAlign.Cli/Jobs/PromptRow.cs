using System.Globalization;

namespace ImgAlign.Cli.Jobs;

/// <summary>One prompt of a file, with what the file says about it.</summary>
internal sealed record PromptRow(string Prompt)
{
    private const string PromptName = "prompt";

    private static readonly string[] Texts = [PromptName, "negative", "image", "question"];
    private static readonly string[] Numbers = ["seed", "width", "height"];

    /// <summary>What the picture must not show.</summary>
    public string? NegativePrompt { get; init; }

    /// <summary>The seed; null: those of the command line.</summary>
    public long? Seed { get; init; }

    /// <summary>The size; null: that of the command line.</summary>
    public ImageSize? Size { get; init; }

    /// <summary>The full path of a picture.</summary>
    public string? ImageFile { get; init; }

    /// <summary>The question to the detector.</summary>
    public string? Question { get; init; }

    /// <summary>Whether a field holds a number; otherwise it holds text.</summary>
    public static bool IsNumber(string name) => Numbers.Contains(name, StringComparer.Ordinal);

    /// <summary>Makes sure that a field is known.</summary>
    /// <exception cref="ImgAlignException">It is not.</exception>
    public static void RequireKnown(string name, FileLine line)
    {
        if (!Texts.Contains(name, StringComparer.Ordinal) && !IsNumber(name))
            throw line.Error($"'{name}' is not known; the fields are {string.Join(", ", Texts.Concat(Numbers))}");
    }

    /// <summary>Reads the fields of a line.</summary>
    /// <exception cref="ImgAlignException">A field is there twice or is no value of its kind, or there is no prompt.</exception>
    public static PromptRow Of(IEnumerable<(string Name, string Value)> fields, FileLine line)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in fields)
        {
            if (!values.TryAdd(name, value))
                throw line.Error($"'{name}' is there twice");
        }
        if (string.IsNullOrWhiteSpace(values.GetValueOrDefault(PromptName)))
            throw line.Error("there is no prompt");
        return new PromptRow(values[PromptName])
        {
            NegativePrompt = values.GetValueOrDefault("negative"),
            Question = values.GetValueOrDefault("question"),
            ImageFile = values.TryGetValue("image", out var image) ? Path.GetFullPath(image, Path.GetDirectoryName(line.Path)!) : null,
            Seed = Number<long>("seed"),
            Size = (Number<int>("width"), Number<int>("height")) switch
            {
                (null, null) => null,
                ({ } width, { } height) => new ImageSize(width, height),
                _ => throw line.Error("give both width and height, or neither"),
            },
        };

        T? Number<T>(string name)
            where T : struct, System.Numerics.IBinaryInteger<T> =>
            !values.TryGetValue(name, out var text) ? null
            : T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw line.Error($"'{name}' is '{text}', but a whole number of 0 or more is needed");
    }
}

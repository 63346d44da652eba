using System.Globalization;
using ImgAlign.Imaging;

namespace ImgAlign.Cli.Jobs;

/// <summary>One picture that a command line or a file of prompts asks for.</summary>
/// <param name="Name">The name of its results, such as <c>seed-1</c> or <c>0003-seed-1</c>.</param>
/// <param name="Prompt">What the picture should show.</param>
/// <param name="Seed">The seed of the noise.</param>
internal sealed record PictureJob(string Name, string Prompt, long Seed)
{
    /// <summary>What a record calls the prompt, which is no option.</summary>
    public const string PromptName = "prompt";

    /// <summary>The option that gives a picture.</summary>
    public const string ImageOption = "--image";

    /// <summary>What the picture must not show.</summary>
    public string? NegativePrompt { get; init; }

    /// <summary>The full path of a given picture.</summary>
    public string? ImageFile { get; init; }

    /// <summary>The question to the detector.</summary>
    public string? Question { get; init; }

    /// <summary>The size of the picture.</summary>
    public ImageSize? Size { get; init; }

    /// <summary>What it asks for, by the names of options.</summary>
    public IEnumerable<KeyValuePair<string, string>> Options =>
        from option in All
        where option.Value is not null
        select KeyValuePair.Create(option.Name, option.Value);

    /// <summary>The options that a job may ask by.</summary>
    public static IEnumerable<string> OptionNames =>
        new PictureJob("", "", 0).All.Select(static option => option.Name).Except([PromptName]);

    private (string Name, string? Value)[] All =>
        [
            (PromptName, Prompt),
            ("--seed", Text(Seed)),
            ("--negative", NegativePrompt),
            (ImageOption, ImageFile),
            ("--question", Question),
            ("--width", Text(Size?.Width)),
            ("--height", Text(Size?.Height)),
        ];

    /// <summary>The job as an item of a request; an <see cref="AlignmentItem"/> is an item of a generation, too.</summary>
    /// <exception cref="ImgAlignException">The given picture cannot be read.</exception>
    public AlignmentItem ToItem() =>
        new(Prompt)
        {
            Seed = Seed,
            NegativePrompt = NegativePrompt,
            Question = Question,
            Size = Size,
            Image = ImageFile is null ? null : Imaging.ImageFile.Load(ImageFile),
        };

    private static string? Text(long? number) => number?.ToString(CultureInfo.InvariantCulture);
}

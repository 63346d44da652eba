using MetadataExtractor.Formats.Png;
using TextEntry = MetadataExtractor.KeyValuePair;

namespace ImgAlign.Cli.Jobs;

/// <summary>
/// A folder of pictures with their prompts: in a text file of the same name beside each, or in the PNG itself as Stable Diffusion's web UI
/// writes it (the text <c>parameters</c>).
/// </summary>
internal static class PictureFolder
{
    private const string Parameters = "parameters";
    private const string NegativeMark = "Negative prompt:";
    private const string SettingsMark = "Steps:";

    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"];

    /// <summary>Reads the prompts of all pictures that lie in the folder itself.</summary>
    /// <returns>The names of the files without their extensions, and what each asks for.</returns>
    /// <exception cref="ImgAlignException">There is no picture, two have the same name, or one has no prompt.</exception>
    public static IReadOnlyList<(string Name, PromptRow Row)> Read(string folder)
    {
        var pictures = Directory
            .EnumerateFiles(folder)
            .Where(static file => Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal)
            .GroupBy(static file => Path.GetFileNameWithoutExtension(file), StringComparer.OrdinalIgnoreCase)
            .ToList();
        if (pictures.Count == 0)
            throw new ImgAlignException($"{folder}: there is no picture in this folder ({string.Join(", ", Extensions)}).");
        if (pictures.Find(static files => files.Count() > 1) is { } same)
            throw new ImgAlignException($"{string.Join(" and ", same)} have the same name, so that their results would, too; rename one.");
        return [.. pictures.Select(static files => (files.Key, PromptOf(files.Single())))];
    }

    private static PromptRow PromptOf(string picture)
    {
        var beside = Path.ChangeExtension(picture, ".txt");
        var row = File.Exists(beside) ? new PromptRow(Words(PromptFile.ReadText(beside))) : FromParameters(picture);
        if (row is null or { Prompt.Length: 0 })
            throw new ImgAlignException($"{picture}: this picture has no prompt; write it into {beside}.");
        return row with { ImageFile = picture };
    }

    private static PromptRow? FromParameters(string picture)
    {
        var isPng = Path.GetExtension(picture).Equals(".png", StringComparison.OrdinalIgnoreCase);
        if (!isPng || ReadText(picture, Parameters) is not { } text)
            return null;
        var settings = text.Split('\n').TakeWhile(static line => !line.StartsWith(SettingsMark, StringComparison.Ordinal));
        var parts = $"\n{string.Join('\n', settings)}".Split($"\n{NegativeMark}", 2); // the prompt itself may be empty
        return new PromptRow(Words(parts[0])) { NegativePrompt = parts is [_, var negative] ? Words(negative) : null };
    }

    // Of a file that is not what it seems to be, the reader throws what its parts happen to throw.
    private static string? ReadText(string picture, string keyword)
    {
        try
        {
            return PngMetadataReader
                .ReadMetadata(picture)
                .OfType<PngDirectory>()
                .Select(static directory => directory.GetObject(PngDirectory.TagTextualData) as IList<TextEntry>)
                .SelectMany(static texts => texts ?? [])
                .Where(text => text.Key == keyword)
                .Select(static text => text.Value.ToString())
                .FirstOrDefault();
        }
        catch (Exception exception)
        {
            var beside = Path.ChangeExtension(picture, ".txt");
            throw new ImgAlignException(
                $"{picture}: this PNG is damaged, so that no prompt can be read in it; write the prompt into {beside}, or take "
                    + "the picture out of the folder.",
                exception
            );
        }
    }

    private static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}

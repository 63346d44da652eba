namespace ImgAlign.Cli.Jobs;

/// <summary>
/// A folder of pictures with their prompts: in a text file of the same name beside each, or in the PNG itself as Stable Diffusion's web UI
/// writes it (the text <c>parameters</c>).
/// </summary>
internal static class PictureFolder
{
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
        var row = File.Exists(beside)
            ? new PromptRow(PictureParameters.OneLine(PromptFile.ReadText(beside)))
            : FromParameters(picture, beside);
        if (row is null or { Prompt.Length: 0 })
            throw new ImgAlignException($"{picture}: this picture has no prompt; write it into {beside}.");
        return row with { ImageFile = picture };
    }

    private static PromptRow? FromParameters(string picture, string beside)
    {
        if (!Path.GetExtension(picture).Equals(".png", StringComparison.OrdinalIgnoreCase))
            return null;
        var remedy = $"write the prompt into {beside}, or take the picture out of the folder";
        return PngTextReader.Find(picture, PictureParameters.Keyword, remedy) is { } text ? PictureParameters.Read(text) : null;
    }
}

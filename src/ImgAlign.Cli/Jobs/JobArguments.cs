using System.CommandLine;
using ImgAlign.Cli.Align;

namespace ImgAlign.Cli.Jobs;

/// <summary>The argument and the options that say which pictures are made, and where they are kept.</summary>
/// <param name="imageDescription">What a given picture is for.</param>
internal sealed class JobArguments(string imageDescription)
{
    private readonly Argument<string?> prompt = new("prompt")
    {
        Description = "What the picture should show. One that begins with a dash goes after --.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<string?> prompts = new("--prompts")
    {
        Description =
            "A file of prompts in the prompt's place: .txt with one a line, or .jsonl or .csv with "
            + "prompt, negative, seed, width, height, image, question. "
            + "Run again, it goes on where it ended.",
    };
    private readonly Option<string[]> seeds = SeedOption.Create();
    private readonly Option<string?> negative = new("--negative") { Description = "What the picture must not show." };
    private readonly Option<string?> image = new("--image") { Description = imageDescription };
    private readonly Option<int?> width = ValueOption.Number<int>("--width", "Pixels from left to right; with --height.");
    private readonly Option<int?> height = ValueOption.Number<int>("--height", "Pixels from top to bottom; with --width.");
    private readonly Option<string?> output = new("--out")
    {
        Description =
            "The folder for the results, seed-N for each seed; "
            + "otherwise one with the name of the prompt, or of the file of prompts, in imgalign-out.",
    };
    private readonly Option<bool> overwrite = new("--overwrite") { Description = "Replace results of earlier runs." };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(prompt);
        foreach (var option in new Option[] { prompts, seeds, negative, image, width, height, output, overwrite })
            command.Add(option);
    }

    /// <summary>Reads what the command line asks for.</summary>
    /// <exception cref="ImgAlignException">It asks for nothing, or a value is wrong.</exception>
    public JobList Read(ParseResult parsed)
    {
        var (words, text, file) = (parsed.GetValue(seeds), parsed.GetValue(prompt), parsed.GetValue(prompts));
        var given = parsed.GetValue(image) is { Length: > 0 } path ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)) : null;
        var folder = Directory.Exists(given) ? given : null;
        if (text is null && file is null && given is not null && !Path.Exists(given))
            throw new ImgAlignException($"{given}: there is no such picture, and no such folder of pictures.");
        if (new[] { text, file, folder }.Count(static source => source is not null) > 1)
            throw new ImgAlignException("Give a prompt, or --prompts, or a folder of pictures with their prompts as --image: one of them.");
        var isBatch = (file ?? folder) is not null;
        var (chosen, single) = isBatch ? (SeedOption.ReadNumbers(words), null) : SeedOption.Read(words, text);
        var common = new PictureJob("", single ?? "", 0)
        {
            NegativePrompt = parsed.GetValue(negative),
            ImageFile = given,
            Size = (parsed.GetValue(width), parsed.GetValue(height)) switch
            {
                (null, null) => null,
                ({ } w, { } h) => new ImageSize(w, h),
                _ => throw new ImgAlignException("Give both --width and --height, or neither."),
            },
        };
        var jobs =
            file is not null ? FromRows(PromptFile.Read(file).Select(static (row, index) => ($"{index + 1:0000}", row)), chosen, common)
            : folder is not null ? FromRows(PictureFolder.Read(folder), chosen, common)
            : chosen.Select(seed => common with { Name = $"seed-{seed}", Seed = seed });
        var root =
            parsed.GetValue(output)
            ?? ResultFolders.DefaultRoot(single ?? Path.GetFileNameWithoutExtension(file) ?? Path.GetFileName(folder!));
        if (folder is not null && Path.TrimEndingDirectorySeparator(Path.GetFullPath(root)) == folder)
            throw new ImgAlignException($"--out is {folder}, the folder of the pictures themselves; name another one.");
        var failures = $"{parsed.CommandResult.Command.Name}-failures.jsonl";
        return new JobList([.. jobs], isBatch, root, failures, parsed.GetValue(overwrite));
    }

    // What a line of a file, or a picture, says goes before what the command line says.
    private static IEnumerable<PictureJob> FromRows(
        IEnumerable<(string Name, PromptRow Row)> rows,
        IReadOnlyList<long> seeds,
        PictureJob common
    ) =>
        from named in rows
        let row = named.Row
        from seed in row.Seed is { } own ? [own] : seeds
        select new PictureJob($"{named.Name}-seed-{seed}", row.Prompt, seed)
        {
            NegativePrompt = row.NegativePrompt ?? common.NegativePrompt,
            ImageFile = row.ImageFile ?? common.ImageFile,
            Question = row.Question,
            Size = row.Size ?? common.Size,
        };
}

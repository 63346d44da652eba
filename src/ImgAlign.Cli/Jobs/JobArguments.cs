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
        Description = "A file of prompts in the prompt's place: .txt with one a line, or .jsonl or .csv with "
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
        Description = "The folder for the results, seed-N for each seed; "
            + "otherwise one with the name of the prompt, or of the file of prompts, in imgalign-out.",
    };
    private readonly Option<bool> overwrite = new("--overwrite") { Description = "Replace results of earlier runs." };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(prompt);
        foreach (var option in new Option[] { prompts, seeds, negative, image, width, height, output, overwrite }) command.Add(option);
    }

    /// <summary>Reads what the command line asks for.</summary>
    /// <exception cref="ImgAlignException">It asks for nothing, or a value is wrong.</exception>
    public JobList Read(ParseResult parsed)
    {
        var (words, text, file) = (parsed.GetValue(seeds), parsed.GetValue(prompt), parsed.GetValue(prompts));
        if (file is not null && text is not null) throw new ImgAlignException("Give a prompt or --prompts, and not both.");
        var (chosen, single) = file is null ? SeedOption.Read(words, text) : (SeedOption.ReadNumbers(words), null);
        var common = new PictureJob("", single ?? "", 0)
        {
            NegativePrompt = parsed.GetValue(negative),
            ImageFile = parsed.GetValue(image) is { } path ? Path.GetFullPath(path) : null,
            Size = (parsed.GetValue(width), parsed.GetValue(height)) switch
            {
                (null, null) => null,
                ({ } w, { } h) => new ImageSize(w, h),
                _ => throw new ImgAlignException("Give both --width and --height, or neither."),
            },
        };
        var jobs = file is null
            ? chosen.Select(seed => common with { Name = $"seed-{seed}", Seed = seed })
            : FromFile(file, chosen, common);
        var root = parsed.GetValue(output) ?? ResultFolders.DefaultRoot(single ?? Path.GetFileNameWithoutExtension(file!));
        return new JobList([.. jobs], IsBatch: file is not null, root, parsed.GetValue(overwrite));
    }

    // What a line of the file says goes before what the command line says.
    private static IEnumerable<PictureJob> FromFile(string file, IReadOnlyList<long> seeds, PictureJob common) =>
        from row in PromptFile.Read(file).Index()
        from seed in row.Item.Seed is { } own ? [own] : seeds
        select new PictureJob($"{row.Index + 1:0000}-seed-{seed}", row.Item.Prompt, seed)
        {
            NegativePrompt = row.Item.NegativePrompt ?? common.NegativePrompt,
            ImageFile = row.Item.ImageFile ?? common.ImageFile,
            Question = row.Item.Question,
            Size = row.Item.Size ?? common.Size,
        };
}

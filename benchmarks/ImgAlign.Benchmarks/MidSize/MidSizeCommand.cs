using System.CommandLine;

namespace ImgAlign.Benchmarks.MidSize;

/// <summary>What the commands have in common that measure mid-size models: the models are written to a temporary folder, and deleted in the
/// end.</summary>
internal static class MidSizeCommand
{
    /// <summary>Where the golden cases are, whose tokenizers the models take.</summary>
    public static Option<DirectoryInfo> Golden { get; } =
        new("--golden")
        {
            Description = "The folder of the golden cases.",
            DefaultValueFactory = _ => new(Path.Combine("tests", "golden")),
        };

    public static Command Create(string name, string description, Action<MidSizeModels, string> run)
    {
        var command = new Command(name, description) { Golden };
        command.SetAction(parsed => Use(parsed, run));
        return command;
    }

    /// <summary>Writes the models, and deletes them in the end; for commands that have <see cref="Golden"/>.</summary>
    public static void Use(ParseResult parsed, Action<MidSizeModels, string> run)
    {
        var folder = Directory.CreateTempSubdirectory("imgalign-mid-size");
        try
        {
            var golden = parsed.GetRequiredValue(Golden).FullName;
            var models = new MidSizeModels(folder.FullName, golden);
            models.Write();
            run(models, golden);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

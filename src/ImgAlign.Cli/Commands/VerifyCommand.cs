using System.CommandLine;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign verify FOLDER</c>: computes every golden case and compares it with the reference.</summary>
internal static class VerifyCommand
{
    public static Command Create(Terminal terminal)
    {
        var folder = new Argument<DirectoryInfo>("folder")
        {
            Description = "A folder of golden cases; all folders below it that hold a case.json are run.",
        };
        var filter = new Option<string?>("--filter") { Description = "Run only the cases whose path below FOLDER contains this text." };
        var device = new Option<string>("--device")
        {
            Description = "Where to compute: cpu, cuda or cuda:N.",
            DefaultValueFactory = _ => "cpu",
        };
        var command = new Command("verify", "Compute every golden case below a folder and compare it with the reference.")
        {
            folder.AcceptExistingOnly(),
            filter,
            device,
        };
        command.SetAction(
            async (parsed, token) =>
            {
                var (cases, text, where) = (
                    parsed.GetRequiredValue(folder).FullName,
                    parsed.GetValue(filter),
                    parsed.GetRequiredValue(device)
                );
                return await GoldenCases.RunAsync(terminal, cases, text, where, token) ? 0 : 1;
            }
        );
        return command;
    }
}

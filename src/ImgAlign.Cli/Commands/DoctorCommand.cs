using System.CommandLine;
using ImgAlign.Cli.Checks;
using ImgAlign.Cli.Hub;
using ImgAlign.Runtime;
using Spectre.Console;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign doctor</c>: says what is wrong with an installation, and how to repair it.</summary>
internal static class DoctorCommand
{
    public static Command Create(Terminal terminal)
    {
        var recipe = new Option<string?>("--recipe") { Description = "Say as well whether this machine is enough for a recipe." };
        var recipes = RecipeOptions.CreateRecipes();
        var scorers = RecipeOptions.CreateScorers();
        var selfTest = new Option<bool>("--selftest")
        {
            Description =
                "Compute golden cases and a step of each network of published size, and print a report to paste: "
                + "the first thing to do on a GPU.",
        };
        var golden = new Option<DirectoryInfo>("--golden")
        {
            Description = "With --selftest, a folder of golden cases in place of those that come with the tool.",
        };
        var quick = new Option<bool>("--quick") { Description = "With --selftest, leave out the networks of published size." };
        var device = new Option<string?>("--device")
        {
            Description = "With --recipe or --selftest, where to compute: cpu, cuda or cuda:N; cpu unless it is said.",
        };
        var command = new Command("doctor", "Look at native libraries, devices and memory, and say how to repair problems.")
        {
            recipe,
            recipes,
            scorers,
            selfTest,
            golden.AcceptExistingOnly(),
            quick,
            device,
        };
        command.SetAction(
            async (parsed, token) =>
            {
                var chosen = RecipeOptions.Find(parsed.GetValue(recipe), parsed.GetValue(recipes), parsed.GetValue(scorers) ?? []);
                var tests = parsed.GetValue(selfTest);
                if (!tests && (parsed.GetValue(golden) is not null || parsed.GetValue(quick)))
                    throw new ImgAlignException("--golden and --quick only say what --selftest does; give it as well, or leave them out.");
                if (!tests && chosen is null && parsed.GetValue(device) is not null)
                    throw new ImgAlignException(
                        "--device only says where --recipe or --selftest would run; give one of them as well, or leave it out."
                    );
                if (chosen is null && parsed.GetValue(scorers) is { Length: > 0 })
                    throw new ImgAlignException("--scorer only says what --recipe would have as well; give --recipe, or leave it out.");
                var name = parsed.GetValue(device) ?? "cpu";
                var checks = Doctor.Examine();
                if (chosen is not null)
                    checks = [.. checks, .. await RecipeExamination.ExamineAsync(chosen, name, token)];
                foreach (var check in checks)
                {
                    terminal.Out.MarkupLine($"{Mark(check.Verdict)} {Markup.Escape(check.Subject), -12} {Markup.Escape(check.Finding)}");
                    if (check.Remedy is { } remedy)
                        terminal.Out.WriteLine($"{"", -21}{remedy}");
                }
                var isSound = checks.All(static check => check.Verdict != DoctorVerdict.Problem);
                var cases = parsed.GetValue(golden)?.FullName ?? SelfTest.OwnGolden;
                if (tests)
                    isSound &= await SelfTest.RunAsync(terminal, cases, name, parsed.GetValue(quick), token);
                return isSound ? 0 : 1;
            }
        );
        return command;
    }

    private static string Mark(DoctorVerdict verdict) =>
        verdict switch
        {
            DoctorVerdict.Fine => "[green]fine   [/]",
            DoctorVerdict.Warning => "[yellow]warning[/]",
            _ => "[red]problem[/]",
        };
}

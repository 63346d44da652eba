using System.CommandLine;
using ImgAlign.Cli.Hub;
using ImgAlign.Runtime;
using Spectre.Console;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign doctor</c>: says what is wrong with an installation, and how it is mended.</summary>
internal static class DoctorCommand
{
    public static Command Create(Terminal terminal)
    {
        var recipe = new Option<string?>("--recipe") { Description = "Say as well whether this machine is enough for a recipe." };
        var recipes = RecipeOptions.CreateRecipes();
        var scorers = RecipeOptions.CreateScorers();
        var device = new Option<string?>("--device") { Description = "With --recipe, the device to run it on: cpu, cuda or cuda:N." };
        var command = new Command("doctor", "Look at native libraries, devices and memory, and say how problems are mended.")
        {
            recipe, recipes, scorers, device,
        };
        command.SetAction(async (parsed, token) =>
        {
            var chosen = RecipeOptions.Find(parsed.GetValue(recipe), parsed.GetValue(recipes), parsed.GetValue(scorers) ?? []);
            if (chosen is null && parsed.GetValue(device) is not null)
                throw new ImgAlignException("--device only says where --recipe would run; give --recipe as well, or leave it out.");
            if (chosen is null && parsed.GetValue(scorers) is { Length: > 0 })
                throw new ImgAlignException("--scorer only says what --recipe would have as well; give --recipe, or leave it out.");
            var checks = Doctor.Examine();
            if (chosen is not null)
            {
                using var runtime = new DeviceRuntime(new RuntimeOptions { Device = parsed.GetValue(device) ?? "cpu" });
                checks = [.. checks, .. await RecipeExamination.ExamineAsync(chosen, runtime.Device, token)];
            }
            foreach (var check in checks)
            {
                terminal.Out.MarkupLine($"{Mark(check.Verdict)} {Markup.Escape(check.Subject),-12} {Markup.Escape(check.Finding)}");
                if (check.Mend is { } mend) terminal.Out.WriteLine($"{"",-21}{mend}");
            }
            return checks.Any(check => check.Verdict == DoctorVerdict.Problem) ? 1 : 0;
        });
        return command;
    }

    private static string Mark(DoctorVerdict verdict) => verdict switch
    {
        DoctorVerdict.Fine => "[green]fine   [/]",
        DoctorVerdict.Warning => "[yellow]warning[/]",
        _ => "[red]problem[/]",
    };
}

using System.CommandLine;
using ImgAlign.Runtime;
using Spectre.Console;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign doctor</c>: says what is wrong with an installation, and how it is mended.</summary>
internal static class DoctorCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("doctor", "Look at native libraries, devices and memory, and say how problems are mended.");
        command.SetAction(_ =>
        {
            var checks = Doctor.Examine();
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

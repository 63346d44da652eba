using System.CommandLine;
using System.Globalization;

namespace ImgAlign.Benchmarks.Measured;

/// <summary>
/// <c>strength</c>: how much of a picture stays in a round that starts from it, and how often the round repairs it, on ShapeWorld.
/// </summary>
internal static class StrengthCommand
{
    private static readonly double?[] Strengths = [0.2, 0.4, 0.6, 0.8, 1, null];

    public static Command Create()
    {
        var prompts = new Option<int>("--prompts") { Description = "The number of prompts.", DefaultValueFactory = static _ => 200 };
        var command = new Command("strength", "Measure rounds that start from the picture, by strength, on ShapeWorld.") { prompts };
        command.SetAction((parsed, _) => MeasureAsync(parsed.GetValue(prompts)));
        return command;
    }

    private static async Task MeasureAsync(int prompts)
    {
        var world = await WorldRounds.BeginAsync(prompts).ConfigureAwait(false);
        await using (world.ConfigureAwait(false))
        {
            Console.WriteLine($"{prompts} pictures, {world.Right} of them right; a round on each, not gated");
            Console.WriteLine();
            Console.WriteLine("| strength | mean difference, of 255 | right | wrong ones repaired | right ones spoiled |");
            Console.WriteLine("|---|---|---|---|---|");
            foreach (var strength in Strengths)
            {
                var effect = await world.MeasureAsync(request => request with { Strength = strength }).ConfigureAwait(false);
                var name = strength?.ToString(CultureInfo.InvariantCulture) ?? "none: from noise";
                Console.WriteLine($"| {name} | {effect.Cells(world)} |");
            }
        }
    }
}

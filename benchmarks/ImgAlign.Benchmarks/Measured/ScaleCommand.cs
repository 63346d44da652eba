using System.CommandLine;
using System.Globalization;

namespace ImgAlign.Benchmarks.Measured;

/// <summary>
/// <c>scale</c>: what rounds do by the scale of the image prompt, with and without guidance, on ShapeWorld. Without guidance nothing
/// amplifies the image prompt.
/// </summary>
internal static class ScaleCommand
{
    private static readonly double[] Guidances = [1, 2.5, 4];
    private static readonly double[] Scales = [0, 0.2, 0.5, 0.75, 1, 1.25, 1.5, 2];

    public static Command Create()
    {
        var prompts = new Option<int>("--prompts") { Description = "The number of prompts.", DefaultValueFactory = static _ => 200 };
        var command = new Command("scale", "Measure rounds by the image prompt's scale and guidance, on ShapeWorld.") { prompts };
        command.SetAction((parsed, _) => MeasureAsync(parsed.GetValue(prompts)));
        return command;
    }

    private static async Task MeasureAsync(int prompts)
    {
        Console.WriteLine($"{prompts} pictures; a round on each, not gated");
        Console.WriteLine();
        Console.WriteLine("| guidance | scale | mean difference, of 255 | right | wrong ones repaired | right ones spoiled |");
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var guidance in Guidances)
        {
            var world = await WorldRounds.BeginAsync(prompts, guidance).ConfigureAwait(false);
            await using (world.ConfigureAwait(false))
            {
                var start = guidance.ToString(CultureInfo.InvariantCulture);
                Console.WriteLine($"| {start} | before the round | | {world.Right} | | |");
                foreach (var scale in Scales)
                {
                    var effect = await world
                        .MeasureAsync(request => request with { Guidance = guidance, ImagePromptScale = scale })
                        .ConfigureAwait(false);
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {start} | {scale} | {effect.Cells(world)} |"));
                }
            }
        }
    }
}

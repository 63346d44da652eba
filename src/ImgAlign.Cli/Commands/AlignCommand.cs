using System.CommandLine;
using System.Globalization;
using ImgAlign.Cli.Align;
using ImgAlign.Imaging;
using ImgAlign.ShapeWorld;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Spectre.Console;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign align PROMPT</c>: generates an image, or takes a given one, and aligns it with the prompt.</summary>
internal static class AlignCommand
{
    private static SamplingOptions World => SamplingOptions.Default;

    public static Command Create(Terminal terminal)
    {
        var prompt = new Argument<string>("prompt") { Description = "What the picture should show." };
        var image = new Option<FileInfo>("--image") { Description = "An existing picture to align instead of generating one first." }.AcceptExistingOnly();
        var negative = new Option<string?>("--negative") { Description = "What the picture must not show." };
        var question = new Option<string?>("--question") { Description = "The question to the detector, with {prompt} in the prompt's place; otherwise the seed draws one." };
        var noCritique = new Option<bool>("--no-critique") { Description = "Do not have the detector answer its question in words." };
        var seeds = new Option<long[]>("--seed") { Description = "A seed; several make several pictures.", DefaultValueFactory = _ => [0], AllowMultipleArgumentsPerToken = true };
        var rounds = new Option<int>("--rounds") { Description = "How often the picture is read and generated again.", DefaultValueFactory = _ => 1 };
        var noGate = new Option<bool>("--no-gate") { Description = "Keep every round's picture, and not only one that the scorer, where there is one, prefers." };
        var scale = new Option<double?>("--scale") { Description = string.Create(CultureInfo.InvariantCulture, $"The scale of the image prompt (IMG: 0.2, ShapeWorld: {World.ImagePromptScale}).") };
        var steps = new Option<int?>("--steps") { Description = $"The number of sampler steps (SDXL: 50, FLUX: 30, ShapeWorld: {World.Steps})." };
        var guidance = new Option<double?>("--guidance") { Description = string.Create(CultureInfo.InvariantCulture, $"The scale of classifier-free guidance (SDXL: 7.5, FLUX: 3.5, ShapeWorld: {World.Guidance}).") };
        var guidanceStart = new Option<double>("--guidance-start") { Description = "The share of the steps, 0 to 1, from which on there is guidance." };
        var guidanceEnd = new Option<double>("--guidance-end") { Description = "The share of the steps, 0 to 1, up to which there is guidance.", DefaultValueFactory = _ => 1 };
        var branches = new Option<GuidanceBranches>("--guidance-branches") { Description = "Whether guidance's two branches run Together, or Apart in half the memory." };
        var width = new Option<int?>("--width") { Description = "Pixels from left to right; with --height." };
        var height = new Option<int?>("--height") { Description = "Pixels from top to bottom; with --width." };
        var output = new Option<string>("--out") { Description = "The folder for the pictures and the record; one folder a seed is made in it.", DefaultValueFactory = _ => "imgalign-out" };
        var command = new Command("align", "Generate an image, or take a given one, and align it with the prompt: by ShapeWorld, which comes with the tool, unless models are named.")
        {
            prompt, image, negative, question, noCritique, seeds, rounds, noGate, scale, steps, guidance, guidanceStart, guidanceEnd, branches, width, height, output,
        };
        foreach (var option in ModelConfiguration.Options) command.Add(option);
        command.SetAction((parsed, token) =>
        {
            var imageFile = parsed.GetValue(image)?.FullName;
            var request = new AlignmentRequest
            {
                Prompt = parsed.GetRequiredValue(prompt),
                Image = imageFile is null ? null : ImageFile.Load(imageFile),
                NegativePrompt = parsed.GetValue(negative),
                Question = parsed.GetValue(question),
                DescribeCritique = !parsed.GetValue(noCritique),
                Rounds = parsed.GetValue(rounds),
                KeepOnlyImprovements = !parsed.GetValue(noGate),
                StopWithoutImprovement = !parsed.GetValue(noGate),
                ImagePromptScale = parsed.GetValue(scale),
                Steps = parsed.GetValue(steps),
                Guidance = parsed.GetValue(guidance),
                GuidanceInterval = (parsed.GetValue(guidanceStart), parsed.GetValue(guidanceEnd)) is var (start, end) && (start, end) != (0, 1) ? new GuidanceInterval(start, end) : null,
                GuidanceBranches = parsed.GetValue(branches),
                Size = Size(parsed.GetValue(width), parsed.GetValue(height)),
            };
            return RunAsync(terminal, ModelConfiguration.ReadOrShapeWorld(parsed), request, imageFile, parsed.GetValue(seeds)!, parsed.GetRequiredValue(output), token);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal, IConfigurationSection configuration, AlignmentRequest request, string? imageFile, long[] seeds, string output, CancellationToken cancellationToken)
    {
        await using var services = ModelServices.Build(configuration);
        var pipeline = services.GetRequiredService<AlignmentPipeline>();
        foreach (var seed in seeds)
        {
            var result = await AlignProgress.ShowAsync(terminal.Error, progress => pipeline.AlignAsync(request with { Seed = seed }, progress, cancellationToken));
            var folder = Path.Combine(output, $"seed-{seed}");
            AlignOutput.Write(folder, result, AlignRecord.Of(result, imageFile, pipeline.Backbone.Loras, configuration));
            Write(terminal.Out, result);
            terminal.Out.WriteLine(Path.GetFullPath(folder));
        }
        return 0;
    }

    private static void Write(IAnsiConsole console, AlignmentResult result)
    {
        var before = result.BaseScores;
        foreach (var round in result.Rounds)
        {
            console.WriteText($"round {round.Number} asked: {round.Question}");
            if (round.Critique is { } critique) console.WriteText($"round {round.Number} answered: {critique}");
            foreach (var (scorer, score) in round.Scores)
                console.WriteText(string.Create(CultureInfo.InvariantCulture, $"round {round.Number} scored by {scorer}: {before[scorer]:0.000} before, {score:0.000} after, {(round.Accepted ? "kept" : "not kept")}"));
            if (round.Accepted) before = round.Scores;
        }
    }

    private static ImageSize? Size(int? width, int? height) => (width, height) switch
    {
        (null, null) => null,
        ({ } w, { } h) => new ImageSize(w, h),
        _ => throw new ImgAlignException("Give both --width and --height, or neither."),
    };
}

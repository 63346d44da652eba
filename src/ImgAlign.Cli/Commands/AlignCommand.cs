using System.CommandLine;
using System.Globalization;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Hub;
using ImgAlign.Imaging;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Spectre.Console;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign align PROMPT</c>: generates an image, or takes a given one, and aligns it with the prompt.</summary>
internal static class AlignCommand
{
    public static Command Create(Terminal terminal)
    {
        var prompt = new Argument<string?>("prompt") { Description = "What the picture should show. One that begins with a dash goes after --.", Arity = ArgumentArity.ZeroOrOne };
        var image = new Option<string?>("--image") { Description = "An existing picture to align instead of generating one first; a large one is read as it is and generated again in a size that the model was made for." };
        var negative = new Option<string?>("--negative") { Description = "What the picture must not show." };
        var question = new Option<string?>("--question") { Description = "The question to the detector, with {prompt} in the prompt's place; otherwise the seed draws one." };
        var noCritique = new Option<bool>("--no-critique") { Description = "Do not have the detector answer its question in words." };
        var seeds = SeedOption.Create();
        var rounds = ValueOption.Number<int>("--rounds", "How often the picture is read and generated again; 1 unless it is said.");
        var noGate = new Option<bool>("--no-gate") { Description = "Keep every round's picture, and not only one that the scorer, where there is one, prefers." };
        var scale = ValueOption.Number<double>("--scale", "The scale of the image prompt; IMG's is 0.2.");
        var steps = ValueOption.Number<int>("--steps", "The number of sampler steps; the model's own unless it is said.");
        var guidance = ValueOption.Number<double>("--guidance", "The scale of classifier-free guidance; the model's own unless it is said.");
        var guidanceStart = ValueOption.Number<double>("--guidance-start", "The share of the steps, 0 to 1, from which on there is guidance.");
        var guidanceEnd = ValueOption.Number<double>("--guidance-end", "The share of the steps, 0 to 1, up to which there is guidance.");
        var branches = ValueOption.Choice<GuidanceBranches>("--guidance-branches", "Whether guidance's two branches run together, or apart in half the memory");
        var width = ValueOption.Number<int>("--width", "Pixels from left to right; with --height.");
        var height = ValueOption.Number<int>("--height", "Pixels from top to bottom; with --width.");
        var output = new Option<string?>("--out") { Description = "The folder for the results, a folder seed-N a seed; otherwise one with the prompt's name in imgalign-out." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace results of earlier runs." };
        var yes = NamedModels.CreateYes();
        var command = new Command("align", "Generate an image, or take a given one, and align it with the prompt: by ShapeWorld, which comes with the tool, unless models are named.")
        {
            prompt, image, negative, question, noCritique, seeds, rounds, noGate, scale, steps, guidance, guidanceStart, guidanceEnd, branches, width, height, output, overwrite, yes,
        };
        foreach (var option in ModelConfiguration.Options) command.Add(option);
        command.SetAction(async (parsed, token) =>
        {
            var (chosen, text) = SeedOption.Read(parsed.GetValue(seeds), parsed.GetValue(prompt));
            var results = new ResultFolders(parsed.GetValue(output) ?? ResultFolders.DefaultRoot(text), parsed.GetValue(overwrite));
            results.Require(chosen);
            var imageFile = parsed.GetValue(image) is { } path ? Path.GetFullPath(path) : null;
            var item = new AlignmentItem(text)
            {
                Image = imageFile is null ? null : ImageFile.Load(imageFile),
                NegativePrompt = parsed.GetValue(negative),
                Question = parsed.GetValue(question),
                Size = Size(parsed.GetValue(width), parsed.GetValue(height)),
            };
            var request = new AlignmentRequest(chosen.Select(seed => item with { Seed = seed }))
            {
                DescribeCritique = !parsed.GetValue(noCritique),
                Rounds = parsed.GetValue(rounds) ?? 1,
                KeepOnlyImprovements = !parsed.GetValue(noGate),
                StopWithoutImprovement = !parsed.GetValue(noGate),
                ImagePromptScale = parsed.GetValue(scale),
                Steps = parsed.GetValue(steps),
                Guidance = parsed.GetValue(guidance),
                GuidanceInterval = Interval(parsed.GetValue(guidanceStart), parsed.GetValue(guidanceEnd)),
                GuidanceBranches = parsed.GetValue(branches) ?? default,
            };
            var configuration = ModelConfiguration.ReadOrShapeWorld(parsed);
            await NamedModels.FetchMissingAsync(configuration, parsed.GetValue(yes), terminal, token);
            return await RunAsync(terminal, configuration, request, imageFile, results, token);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal, IConfigurationSection configuration, AlignmentRequest request, string? imageFile, ResultFolders results, CancellationToken cancellationToken)
    {
        await using var services = ModelServices.Build(configuration);
        var pipeline = services.GetRequiredService<IAlignmentPipeline>();
        var result = await RunProgress.ShowAsync<AlignmentResult>(terminal.Error, pipeline.StreamAsync(request, cancellationToken));
        foreach (var aligned in result.Items)
        {
            var folder = results.Write(aligned.Item.Seed, aligned.BaseImage, aligned.Image, AlignRecord.Of(result, aligned, request, imageFile, configuration));
            foreach (var warning in aligned.Warnings) terminal.Error.WriteText($"warning: {warning}");
            Write(terminal.Out, aligned);
            terminal.Out.WriteText(folder);
        }
        return 0;
    }

    private static void Write(IAnsiConsole console, AlignedItem result)
    {
        var before = result.BaseScores;
        foreach (var round in result.Rounds)
        {
            console.WriteText($"round {round.Number} asked: {round.Question}");
            if (round.Critique is { } critique) console.WriteText($"round {round.Number} answered: {critique}");
            foreach (var (score, earlier) in round.Scores.Zip(before))
                console.WriteText(string.Create(CultureInfo.InvariantCulture, $"round {round.Number} scored by {score.Scorer}: {earlier.Value:0.000} before, {score.Value:0.000} after, {(round.Accepted ? "kept" : "not kept")}"));
            if (round.Accepted) before = round.Scores;
        }
    }

    private static GuidanceInterval? Interval(double? start, double? end) => (start, end) is (null, null) ? null : new GuidanceInterval(start ?? 0, end ?? 1);

    private static ImageSize? Size(int? width, int? height) => (width, height) switch
    {
        (null, null) => null,
        ({ } w, { } h) => new ImageSize(w, h),
        _ => throw new ImgAlignException("Give both --width and --height, or neither."),
    };
}

using System.CommandLine;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Hub;
using ImgAlign.Cli.Jobs;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Cli.Commands;

/// <summary><c>imgalign generate PROMPT</c>: generates images with a diffusion model alone.</summary>
internal static class GenerateCommand
{
    public static Command Create(Terminal terminal)
    {
        var pictures = new JobArguments(
            "A picture that the new one follows as far as --scale says (an image prompt), or starts from with --strength; "
                + "or a folder of pictures, each with its prompt in a .txt file beside it or in its PNG text."
        );
        var sampling = new SamplingArguments();
        var yes = NamedModels.CreateYes();
        var from = RepeatedPicture.CreateOption();
        var noMetadata = PictureMetadata.CreateOption();
        var command = new Command(
            "generate",
            "Generate images with a diffusion model alone: ShapeWorld's, which comes with the tool, unless one is named."
        );
        pictures.AddTo(command);
        foreach (var option in sampling.Options.Concat([yes, from, noMetadata]).Concat(ModelConfiguration.BackboneOptions))
            command.Add(option);
        command.SetAction(
            async (parsed, token) =>
            {
                var repeated = RepeatedPicture.Read(parsed, from);
                parsed = repeated?.Extend(parsed, sampling.OfPictures) ?? parsed;
                var list = pictures.Read(parsed);
                if (list.Jobs.FirstOrDefault(static job => job.Question is not null) is { } asking)
                    throw new ImgAlignException($"{asking.Name} has a question, which only align asks; leave it out.");
                var results = new ResultFiles(list.Root, list.Overwrite, new PictureMetadata(parsed.GetValue(noMetadata)));
                var configuration = ModelConfiguration.ReadOrShapeWorld(parsed, RequiredModels.Backbone, repeated?.Configuration);
                var run = new RecordedRun(parsed, sampling.OfPictures, configuration);
                var pending = list.Pending(results, run);
                var settings = sampling.Apply(parsed, new GenerationRequest());
                var previews = sampling.PreviewsOf(parsed);
                var runner = new JobRunner(terminal, list, settings.MaxBatchSize);
                if (pending.Count == 0)
                    return await runner.RunAsync(pending, static _ => Task.CompletedTask); // no model is needed
                await NamedModels.FetchMissingAsync(configuration, parsed.GetValue(yes), terminal, token);
                repeated?.RequireSame(run, list.Jobs);
                if (repeated?.Doubt is { } doubt)
                    terminal.Error.WriteText($"warning: {doubt}");
                await using var services = ModelServices.Build(configuration);
                var pipeline = services.GetRequiredService<IGenerationPipeline>();
                var warned = new HashSet<string>();
                return await runner.RunAsync(
                    pending,
                    async jobs =>
                    {
                        var request = settings with { Items = [.. jobs.Select(static job => job.ToItem())] };
                        var result = await RunProgress.ShowAsync<GenerationResult>(
                            terminal.Error,
                            pipeline.StreamAsync(request, token),
                            previews is null ? null : preview => previews(preview, jobs)
                        );
                        foreach (var (job, picture) in jobs.Zip(result.Items))
                        {
                            terminal.Error.WriteWarnings(picture.Warnings, warned);
                            var record = GenerationRecord.Of(result, picture, job, run);
                            terminal.Out.WriteText(results.Write(job.Name, picture.Image, record));
                        }
                    }
                );
            }
        );
        return command;
    }
}

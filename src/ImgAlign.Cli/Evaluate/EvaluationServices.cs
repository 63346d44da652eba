using ImgAlign.Cli.Align;
using ImgAlign.Cli.Checks;
using ImgAlign.DependencyInjection;
using ImgAlign.Evaluation;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Models;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using TorchSharp;

namespace ImgAlign.Cli.Evaluate;

/// <summary>The configured models as an evaluation needs them: pipelines that score nothing themselves, and the scorers apart.</summary>
internal static class EvaluationServices
{
    private const string GpuFolder = "/proc/driver/nvidia/gpus";

    /// <summary>Opens the models; weights are read on first use.</summary>
    /// <param name="configuration">From <see cref="ModelConfiguration"/>.</param>
    /// <param name="texts">What the pictures' files say of their making; null: nothing.</param>
    public static EvaluationModels Open(IConfigurationSection configuration, IPictureTexts? texts)
    {
        var services = ModelServices.Build(configuration);
        var choice = services.GetRequiredService<IOptions<ImgAlignOptions>>().Value.Pipeline;
        var isWorld = ModelServices.IsShapeWorld(configuration);
        var backbone = services.GetRequiredKeyedService<IDiffusionBackbone>(choice.Backbone);
        List<IDiffusionBackbone> replicas = [.. choice.Replicas.Select(services.GetRequiredKeyedService<IDiffusionBackbone>)];
        var names = choice.Scorers.Count > 0 ? [.. choice.Scorers] : ScorerArguments.NamesIn(configuration);
        var scorers = names.ToDictionary(static name => name, services.GetRequiredKeyedService<IImageScorer>);
        var gate = Gate(choice, scorers);
        var search = new AlignmentPipelineOptions
        {
            Replicas = replicas,
            Preset = choice.Preset,
            Scorers = [.. scorers.Values.Where(scorer => gate?.Scorers.Contains(scorer.Name) == true)],
            Rewriter = services.GetKeyedService<IPromptRewriter>(choice.Backbone),
        };
        var identity = new ModelIdentity(configuration);
        return new EvaluationModels
        {
            Generation = new GenerationPipeline(backbone, new GenerationPipelineOptions { Replicas = replicas, Preset = choice.Preset }),
            Alignment = choice.Aligns ? Pipeline(new AlignmentPipelineOptions { Replicas = replicas, Preset = choice.Preset }) : null,
            Search = gate is null ? null : Pipeline(search),
            // The exact evaluators report; they decide only in arms that name them.
            Scorers =
            [
                .. scorers.Values,
                .. isWorld
                    ? [new WorldJudge(backbone.Runtime), new WorldJudge(backbone.Runtime, ofObjects: true)]
                    : Array.Empty<IImageScorer>(),
            ],
            Gate = gate,
            GenerationIdentity = identity.OfBackbone(),
            AlignmentIdentity = identity.OfAlignment(),
            ScorerIdentities = scorers.ToDictionary(static scorer => scorer.Value.Name, scorer => identity.OfScorer(scorer.Key)),
            DeviceKind = KindOf(backbone.Runtime),
            Texts = texts,
            Owner = services,
        };

        AlignmentPipeline Pipeline(AlignmentPipelineOptions options) =>
            choice.Aligns
                ? new AlignmentPipeline(
                    backbone,
                    services.GetRequiredKeyedService<IMisalignmentDetector>(choice.Detector ?? ModelServices.ShapeWorld),
                    services.GetRequiredKeyedService<IImplicitAligner>(isWorld ? ModelServices.ShapeWorld : "default"),
                    options
                )
                : new AlignmentPipeline(backbone, options);
    }

    // By default the first one decides, as in a pipeline.
    private static ScoreGate? Gate(PipelineOptions choice, Dictionary<string, IImageScorer> scorers)
    {
        if (scorers.Count == 0)
            return null;
        var criteria = choice.Gate.Count > 0 ? choice.Gate : [new ScoreCriterion { Scorer = scorers.Keys.First() }];
        return new ScoreGate(criteria.Select(criterion => criterion with { Scorer = scorers[criterion.Scorer].Name }))
        {
            Vote = choice.GateVote,
        };
    }

    // What other kinds round otherwise.
    private static string KindOf(DeviceRuntime runtime)
    {
        if (runtime.Device.type != DeviceType.CUDA)
        {
            var threads = runtime.Options.Threads ?? torch.get_num_threads();
            return $"{Processor.Name} ({string.Join(' ', Processor.Extensions)}), {threads} threads";
        }
        var models = Directory.Exists(GpuFolder)
            ? Directory
                .EnumerateFiles(GpuFolder, "information", SearchOption.AllDirectories)
                .SelectMany(File.ReadLines)
                .Where(static line => line.StartsWith("Model:", StringComparison.Ordinal))
                .Select(static line => line[6..].Trim())
                .Distinct()
            : [];
        return $"CUDA {string.Join(", ", models)}".TrimEnd();
    }
}

using CustomBackbone;
using ImgAlign;
using ImgAlign.Checkpoints;
using ImgAlign.DependencyInjection;
using ImgAlign.Imaging;
using ImgAlign.Runtime;
using ImgAlign.Testing;
using ImgAlign.Testing.Golden;
using ImgAlign.Testing.Reference;
using Microsoft.Extensions.DependencyInjection;
using TorchSharp;

// A model family of one's own beside the library: its networks, its backbone, its registration (docs/new-backbone.md). It was never
// trained:
// its weights follow from a seed, so that it draws coloured tiles and not pictures. Detector and aligner are those of the colour world.
var weights = Path.Combine(AppContext.BaseDirectory, "mosaic.safetensors");
WriteWeights(weights);

var services = new ServiceCollection();
services
    .AddImplicitMultimodalGuidance()
    .UseMosaic(weights)
    .UseDetector(static provider => new ColourDetector(provider.GetRequiredService<DeviceRuntime>()))
    .UseAligner(static provider => new ColourAligner(provider.GetRequiredService<DeviceRuntime>()));
await using var provider = services.BuildServiceProvider();

// What the pipeline relies on, before it is relied on.
var backbone = provider.GetRequiredKeyedService<IDiffusionBackbone>("mosaic");
var problems = BackboneConformance.Check(backbone);
foreach (var problem in problems)
    Console.Error.WriteLine(problem);
if (problems.Count > 0)
    return 1;
Console.WriteLine($"{backbone.Name} conforms");

var result = await provider
    .GetRequiredService<IAlignmentPipeline>()
    .AlignAsync(new AlignmentRequest(new AlignmentItem("a red house") { Seed = 7 }));
ImageFile.SavePng("mosaic-before.png", result.Items[0].BaseImage);
ImageFile.SavePng("mosaic-after.png", result.Items[0].Image);
Console.WriteLine("wrote mosaic-before.png and mosaic-after.png");
return 0;

static void WriteWeights(string path)
{
    using var textEncoder = new MosaicTextEncoder(MosaicBackbone.Width, torch.META);
    using var network = new MosaicNetwork(MosaicBackbone.Width, torch.META);
    var shapes = Shapes("text_encoder.", textEncoder).Concat(Shapes("network.", network));
    using var random = new RuleCheckpoint(seed: 1, shapes);
    SafetensorsWriter.Write(path, random);
}

static IEnumerable<KeyValuePair<string, long[]>> Shapes(string prefix, torch.nn.Module network) =>
    network.named_parameters().Select(parameter => KeyValuePair.Create(prefix + parameter.name, parameter.parameter.shape));

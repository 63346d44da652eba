using ArchUnitNET.Fluent.Syntax.Elements.Types;
using ArchUnitNET.Loader;
using ImgAlign.Checkpoints;
using static ArchUnitNET.Fluent.ArchRuleDefinition;
using Architecture = ArchUnitNET.Domain.Architecture;
using Assembly = System.Reflection.Assembly;

namespace ImgAlign.Tests;

/// <summary>The folders of ImgAlign.Modeling and ImgAlign may refer upwards only: each to those before it in this list.</summary>
public class ArchitectureTests
{
    private static readonly string[] Layers =
    [
        "Checkpoints", // files to tensors, tensors to networks
        "Runtime", // devices, and which networks are in their memory
        "Imaging",
        "Tokenizers",
        "Networks", // config in, tensors out
        "Sampling",
        "Backbones",
        "Detectors",
        "Alignment",
        "Scorers", // pictures and prompts to numbers
        "Training", // losses and tasks, for those who train
        "Telemetry",
        "Recipes", // which models, and where on the hub
        "Running", // a run: its rules, its devices, its progress
        "Generation", // batches of items to pictures
        "Search", // what is tried within a budget
        "DependencyInjection",
    ];

    private static readonly Assembly[] Assemblies = [typeof(Checkpoint).Assembly, typeof(AlignmentPipeline).Assembly];

    private static readonly Lazy<Architecture> Code = new(static () => new ArchLoader().LoadAssemblies(Assemblies).Build());

    public static TheoryData<string> Names => new(Layers);

    [Theory]
    [MemberData(nameof(Names))]
    public void Refers_only_to_layers_before_it(string layer)
    {
        var later = Layers.Skip(Array.IndexOf(Layers, layer) + 1).ToArray();
        if (later.Length == 0)
            return;
        var rule = TypesOf(layer).Should().NotDependOnAny(TypesOf(later));
        Assert.All(rule.Evaluate(Code.Value), static result => Assert.True(result.Passed, result.Description));
    }

    [Fact]
    public void Every_folder_has_its_place()
    {
        var folders = Assemblies
            .SelectMany(assembly => assembly.GetTypes())
            .Select(type => type.Namespace?.Split('.'))
            .Where(parts => parts is ["ImgAlign", _, ..])
            .Select(parts => parts![1])
            .Distinct();

        Assert.Empty(folders.Except(Layers));
    }

    private static GivenTypesConjunction TypesOf(params string[] layers) =>
        Types().That().ResideInNamespaceMatching($@"^ImgAlign\.({string.Join('|', layers)})(\.|$)");
}

using ImgAlign.Backbones;
using ImgAlign.DependencyInjection;
using ImgAlign.Detectors;
using ImgAlign.Runtime;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Server.Tests;

/// <summary>The tiny checkpoints of the golden cases.</summary>
internal static class TinyModels
{
    public static string Root { get; } = FindRoot();

    private static string Golden(string path) => Path.Combine(Root, "tests", "golden", path);

    public static void Add(IServiceCollection services) =>
        services
            .AddImplicitMultimodalGuidance()
            .UseSdxl(static options => (options.ModelPath, options.ImagePromptPath) = (Golden("sdxl/checkpoint"), Golden("sdxl/ckpts")))
            .UseLlava(static options => options.ModelPath = Golden("mllm/llava-hf"))
            .UseAligner(static options => (options.Path, options.HeadWidth) = (Golden("round/aligner_sdxl_llava.pth"), 16));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "ImgAlign.sln")))
            folder = folder.Parent!;
        return folder.FullName;
    }
}

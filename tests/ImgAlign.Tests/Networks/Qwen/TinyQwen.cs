using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Qwen;
using TorchSharp;

namespace ImgAlign.Tests.Networks.Qwen;

/// <summary>The Qwen2.5-VL of the golden cases.</summary>
internal static class TinyQwen
{
    public static string Folder { get; } = Path.Combine(TestData.Golden, "mllm", "qwen");

    public static QwenConfig Config { get; } = QwenConfig.Read(Folder);

    public static QwenModel Create()
    {
        var network = new QwenModel(Config, torch.META);
        QwenWeights.Bind(network, Folder, torch.float32);
        return network;
    }

    /// <summary>Images of random patches.</summary>
    public static ImagePatches Patches(params PatchGrid[] grids) =>
        new(torch.rand(grids.Sum(grid => grid.Count), Config.Vision.PatchWidth), grids);

    /// <summary>A row of text with images in it.</summary>
    public static torch.Tensor Ids(params PatchGrid[] grids)
    {
        var ids = new List<long> { 1, 2, 3 };
        foreach (var grid in grids)
        {
            ids.AddRange(Enumerable.Repeat((long)Config.ImageTokenId, grid.Count / 4));
            ids.AddRange([7, 8]);
        }
        return torch.tensor(ids.ToArray(), [1, ids.Count]);
    }
}

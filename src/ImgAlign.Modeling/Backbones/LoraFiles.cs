using ImgAlign.Checkpoints;
using ImgAlign.Recipes;

namespace ImgAlign.Backbones;

/// <summary>The files that <see cref="LoraOptions"/> name.</summary>
internal static class LoraFiles
{
    /// <summary>What LoRAs change.</summary>
    /// <param name="loras">The LoRAs.</param>
    /// <param name="layers">For each network, the number of layers that each LoRA changes.</param>
    public static IReadOnlyList<AppliedLora> Applied(IEnumerable<LoraOptions> loras, params IReadOnlyList<int>[] layers) =>
        [.. loras.Select((lora, index) => new AppliedLora(lora.Path, lora.Scale, layers.Sum(network => network[index])))];

    /// <summary>Refuses LoRAs that cannot be used.</summary>
    /// <exception cref="ImgAlignException">A file does not exist, or a scale is not finite.</exception>
    public static IReadOnlyList<(string Path, double Scale)> Check(IEnumerable<LoraOptions> loras)
    {
        return
        [
            .. loras.Select(static lora =>
            {
                var file = FileOf(lora);
                if (!File.Exists(file))
                    throw new ImgAlignException($"{lora.Path}: there is no such LoRA file.");
                if (!double.IsFinite(lora.Scale))
                    throw new ImgAlignException($"{lora.Path}: the scale of a LoRA must be a finite number, not {lora.Scale}.");
                return (file, lora.Scale);
            }),
        ];
    }

    // A repository of the hub is the only checkpoint that it holds.
    private static string FileOf(LoraOptions lora) =>
        HubName.Find(lora.Path) is { } found
            ? Directory.Exists(found.Path)
                ? ModelFolder.FindWeights(found.Path)
                : found.Path
            : lora.Path;
}

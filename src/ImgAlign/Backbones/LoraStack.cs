using ImgAlign.Checkpoints;

namespace ImgAlign.Backbones;

/// <summary>The LoRAs of a model, opened while weights are read.</summary>
internal sealed class LoraStack : IDisposable
{
    private readonly List<(LoraWeights Lora, double Scale)> entries = [];

    /// <summary>Opens the files.</summary>
    /// <exception cref="CheckpointException">One is missing, broken, or no LoRA.</exception>
    public LoraStack(IEnumerable<LoraOptions> loras)
    {
        try
        {
            foreach (var lora in loras) entries.Add((LoraWeights.Open(lora.Path), lora.Scale));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The files with their scales.</summary>
    public IReadOnlyList<(LoraWeights Lora, double Scale)> Entries => entries;

    public void Dispose()
    {
        foreach (var (lora, _) in entries) lora.Dispose();
    }
}

using ImgAlign.Checkpoints;
using ImgAlign.Networks.Qwen;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Qwen3Vl;

/// <summary>How the weights of a Qwen3-VL are named in its published files.</summary>
public static class Qwen3VlWeights
{
    private const string Decoder = "language_model.model.",
        LanguageModel = "language_model.",
        Visual = "visual.";

    /// <summary>Gives a network its weights; names and shapes are all checked before any data is read.</summary>
    /// <param name="network">The network, on the meta device.</param>
    /// <param name="path">The model's folder or checkpoint.</param>
    /// <param name="type">The type to run in; null keeps the file's.</param>
    /// <param name="device">Where to run; null is the CPU.</param>
    /// <exception cref="CheckpointException">The layout is not known, or names and shapes are not the network's.</exception>
    public static void Bind(Qwen3VlModel network, string path, ScalarType? type = null, Device? device = null)
    {
        using var weights = new NetworkWeights();
        Open(network, path, weights);
        weights.Verify();
        weights.Bind(type, device ?? CPU, keepsViews: false, static _ => true);
    }

    /// <summary>Opens the files of a network's weights.</summary>
    /// <param name="network">The network.</param>
    /// <param name="path">The model's folder or checkpoint.</param>
    /// <param name="weights">Where they are opened.</param>
    /// <exception cref="CheckpointException">A file cannot be read, or the layout is not known.</exception>
    public static void Open(Qwen3VlModel network, string path, NetworkWeights weights)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(weights);
        var checkpoint = CheckpointPart.Find(weights.Open(path), "Qwen3-VL", new Landmark("model.language_model.embed_tokens.weight"));
        weights.Add(network, checkpoint, Names(network.Config));
    }

    /// <summary>The published names of the parameters of a <see cref="Qwen3VlModel"/>.</summary>
    /// <param name="config">The sizes.</param>
    public static WeightMap Names(Qwen3VlConfig config) =>
        new(
            name =>
                name.StartsWith(Decoder, StringComparison.Ordinal)
                    ? new WeightSource.Whole("model.language_model." + name[Decoder.Length..])
                : name.StartsWith(LanguageModel, StringComparison.Ordinal) ? new WeightSource.Whole(name[LanguageModel.Length..])
                : OfTower(name[Visual.Length..], config, "model.visual."),
            name => config.Text.TieWordEmbeddings && name == "lm_head.weight"
        );

    /// <summary>The published names of the parameters of a <see cref="Qwen3VlVisionModel"/> alone.</summary>
    /// <param name="config">The sizes.</param>
    public static WeightMap TowerNames(Qwen3VlConfig config) => new(name => OfTower(name, config, ""), static _ => false);

    private static WeightSource OfTower(string name, Qwen3VlConfig config, string prefix)
    {
        var stored = prefix + name.Replace(".mlp.fc", ".mlp.linear_fc", StringComparison.Ordinal);
        return name == "patch_embed.proj.weight"
            ? new WeightSource.Reshaped(stored, _ => QwenWeights.KernelShape(config.Vision))
            : new WeightSource.Whole(stored);
    }
}

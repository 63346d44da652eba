using ImgAlign.Checkpoints;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Qwen;

/// <summary>How the weights of a Qwen2.5-VL are named in the layouts in which it is published.</summary>
public static class QwenWeights
{
    private const string Visual = "visual.",
        Decoder = "language_model.model.",
        LanguageModel = "language_model.";
    private const string Embedding = "model.embed_tokens.weight",
        NewerEmbedding = "model.language_model.embed_tokens.weight";

    /// <summary>Gives a network its weights; names and shapes are all checked before any data is read.</summary>
    /// <param name="network">The network, on the meta device.</param>
    /// <param name="path">The model's folder or checkpoint.</param>
    /// <param name="type">The type to run in; null keeps the file's.</param>
    /// <param name="device">Where to run; null is the CPU.</param>
    /// <exception cref="CheckpointException">The layout is not known, or names and shapes are not the network's.</exception>
    public static void Bind(QwenModel network, string path, ScalarType? type = null, Device? device = null)
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
    public static void Open(QwenModel network, string path, NetworkWeights weights)
    {
        var checkpoint = CheckpointPart.Find(weights.Open(path), "Qwen2.5-VL", new(NewerEmbedding), new(Embedding));
        weights.Add(network, checkpoint, Names(checkpoint, network.Config));
    }

    /// <summary>The names in a checkpoint: as published, or as transformers writes them since version 4.52.</summary>
    /// <param name="checkpoint">The model's checkpoint.</param>
    /// <param name="config">The model.</param>
    /// <exception cref="CheckpointException">The layout is not known.</exception>
    public static WeightMap Names(Checkpoint checkpoint, QwenConfig config)
    {
        var (decoder, visual) = Detect(checkpoint);
        return new WeightMap(
            Resolve,
            name =>
                name.EndsWith(".inv_freq", StringComparison.Ordinal) // a buffer that follows from the configuration
                || config.Text.TieWordEmbeddings && name == "lm_head.weight"
        );

        WeightSource Resolve(string name)
        {
            if (name.StartsWith(Decoder, StringComparison.Ordinal))
                return new WeightSource.Whole(decoder + name[Decoder.Length..]);
            if (!name.StartsWith(Visual, StringComparison.Ordinal))
                return new WeightSource.Whole(name[LanguageModel.Length..]);
            var stored = visual + name[Visual.Length..];
            return name == "visual.patch_embed.proj.weight"
                ? new WeightSource.Reshaped(stored, _ => KernelShape(config.Vision))
                : new WeightSource.Whole(stored);
        }
    }

    private static (string Decoder, string Visual) Detect(Checkpoint checkpoint)
    {
        if (checkpoint.Tensors.ContainsKey(Embedding))
            return ("model.", "visual.");
        if (checkpoint.Tensors.ContainsKey(NewerEmbedding))
            return ("model.language_model.", "model.visual.");
        throw new CheckpointException(checkpoint.Source, "no Qwen2.5-VL is found; expected are the names of Qwen/Qwen2.5-VL-7B-Instruct.");
    }

    /// <summary>The shape of the patch embedding's weight in files, where it is the kernel of a convolution.</summary>
    internal static long[] KernelShape(QwenVisionConfig config) =>
        [config.HiddenSize, config.InChannels, config.TemporalPatchSize, config.PatchSize, config.PatchSize];
}

using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using TorchSharp;

namespace ImgAlign.Networks.Llava;

/// <summary>
/// The weights of a LLaVA in one of the layouts in which it is published: transformers' old and new names, or the authors', whose vision
/// tower usually is a checkpoint of its own.
/// </summary>
/// <param name="LanguageModel">The name of a language model's parameter.</param>
/// <param name="Projector">The name of a projector's parameter.</param>
/// <param name="ProjectorPrefix">What all of the projector's names start with.</param>
/// <param name="TowerPrefix">What all of the vision tower's names start with, where they are in the same file.</param>
public sealed record LlavaWeights(
    Func<string, string> LanguageModel,
    Func<string, string> Projector,
    string ProjectorPrefix,
    string TowerPrefix
)
{
    private const string TransformersEmbedding = "language_model.model.embed_tokens.weight";
    private const string TransformersSince452Embedding = "model.language_model.embed_tokens.weight";
    private const string AuthorsEmbedding = "model.embed_tokens.weight";

    private static readonly LlavaWeights Transformers = new(
        name => "language_model." + name,
        name => "multi_modal_projector." + name,
        "multi_modal_projector.",
        "vision_tower."
    );

    private static readonly LlavaWeights TransformersSince452 = new(
        name => name.StartsWith("model.", StringComparison.Ordinal) ? "model.language_model." + name["model.".Length..] : name,
        name => "model.multi_modal_projector." + name,
        "model.multi_modal_projector.",
        "model.vision_tower."
    );

    private static readonly LlavaWeights Authors = new(
        name => name,
        name =>
            "model.mm_projector."
            + name.Replace("linear_1", "0", StringComparison.Ordinal).Replace("linear_2", "2", StringComparison.Ordinal),
        "model.mm_projector.",
        "model.vision_tower.vision_tower."
    );

    /// <summary>Opens the files of a network's weights.</summary>
    /// <param name="network">The network.</param>
    /// <param name="path">The model's folder or checkpoint.</param>
    /// <param name="visionTower">The vision tower's folder or checkpoint, where the model's does not hold it.</param>
    /// <param name="weights">Where they are opened.</param>
    /// <exception cref="CheckpointException">A file cannot be read, or the layout is not known.</exception>
    public static void Open(LlavaModel network, string path, string? visionTower, NetworkWeights weights)
    {
        var checkpoint = CheckpointPart.Find(
            weights.Open(path),
            "LLaVA",
            new(TransformersEmbedding),
            new(TransformersSince452Embedding),
            new(AuthorsEmbedding)
        );
        var tower = visionTower is null ? null : ClipNames.FindVision(weights.Open(visionTower));
        foreach (var (part, source, map) in Parts(network, checkpoint, tower))
            weights.Add(part, source, map);
    }

    /// <summary>Gives a network its weights, part by part.</summary>
    /// <param name="network">The network, on the meta device.</param>
    /// <param name="path">The model's folder or checkpoint.</param>
    /// <param name="visionTower">The vision tower's folder or checkpoint, where the model's does not hold it.</param>
    /// <param name="type">The type to run in; null keeps the file's.</param>
    /// <param name="device">Where to run; null is the CPU.</param>
    /// <returns>How each part of the network is named in its checkpoint.</returns>
    /// <exception cref="CheckpointException">The layout is not known, or names and shapes are not the network's.</exception>
    public static IReadOnlyDictionary<torch.nn.Module, WeightMap> Bind(
        LlavaModel network,
        string path,
        string? visionTower,
        torch.ScalarType? type = null,
        torch.Device? device = null
    )
    {
        using var weights = new NetworkWeights();
        Open(network, path, visionTower, weights);
        weights.Verify();
        weights.Bind(type, device ?? torch.CPU, keepsViews: false, static _ => true);
        return weights.Parts.ToDictionary(static part => part.Network, static part => part.Map);
    }

    /// <summary>Where a model's vision tower is.</summary>
    /// <returns>The checkpoint, and what stands in front of the tower's names there.</returns>
    /// <exception cref="CheckpointException">It is in neither.</exception>
    public static (Checkpoint Source, string Prefix) FindTower(Checkpoint checkpoint, Checkpoint? tower)
    {
        var prefix = Detect(checkpoint).TowerPrefix;
        if (checkpoint.Tensors.Keys.Any(name => name.StartsWith(prefix, StringComparison.Ordinal)))
            return (checkpoint, prefix);
        return (
            tower
                ?? throw new CheckpointException(
                    checkpoint.Source,
                    "the vision tower is not in this checkpoint; give the tower's path too, for LLaVA-1.5 a copy of "
                        + "openai/clip-vit-large-patch14-336."
                ),
            ""
        );
    }

    /// <summary>The network's parts, each with where its weights are and how they are named there.</summary>
    public static IEnumerable<(torch.nn.Module Part, Checkpoint Source, WeightMap Map)> Parts(
        LlavaModel network,
        Checkpoint checkpoint,
        Checkpoint? tower
    )
    {
        var layout = Detect(checkpoint);
        yield return (network.LanguageModel, checkpoint, layout.LanguageModelMap(network.Config));
        yield return (
            network.Projector,
            checkpoint,
            new WeightMap(
                name => new WeightSource.Whole(layout.Projector(name)),
                name => !name.StartsWith(layout.ProjectorPrefix, StringComparison.Ordinal)
            )
        );
        var (source, prefix) = FindTower(checkpoint, tower);
        yield return (network.VisionTower, source, TowerMap(network, source, prefix));
    }

    private static LlavaWeights Detect(Checkpoint checkpoint)
    {
        if (checkpoint.Tensors.ContainsKey(TransformersEmbedding))
            return Transformers;
        if (checkpoint.Tensors.ContainsKey(TransformersSince452Embedding))
            return TransformersSince452;
        if (checkpoint.Tensors.ContainsKey(AuthorsEmbedding))
            return Authors;
        throw new CheckpointException(
            checkpoint.Source,
            "no LLaVA is found; expected are the names of llava-hf/llava-1.5-13b-hf or of liuhaotian/llava-v1.5-13b."
        );
    }

    private WeightMap LanguageModelMap(LlavaConfig config) =>
        new(
            name => new WeightSource.Whole(LanguageModel(name)),
            name =>
                name.StartsWith(ProjectorPrefix, StringComparison.Ordinal)
                || name.StartsWith(TowerPrefix, StringComparison.Ordinal)
                || name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal) // a buffer that follows from the configuration
                || config.Text.TieWordEmbeddings && name == LanguageModel("lm_head.weight")
        );

    // Blocks behind the one whose output is wanted are in the file but not in the network.
    private static WeightMap TowerMap(LlavaModel network, Checkpoint source, string prefix)
    {
        var unused = Enumerable
            .Range(network.Config.VisionBlocks, network.Config.Vision.NumHiddenLayers - network.Config.VisionBlocks)
            .Select(block => $"encoder.layers.{block}.")
            .ToList();
        return network.VisionTower.Names(source, prefix).Ignoring(name => unused.Any(name.Contains));
    }
}

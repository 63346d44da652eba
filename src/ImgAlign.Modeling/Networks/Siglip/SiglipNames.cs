using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Siglip;

/// <summary>How SigLIP's image encoder is named in its files, alone or beside the text encoder.</summary>
public static class SiglipNames
{
    private const string Head = "head.";

    /// <summary>The image encoder of a checkpoint.</summary>
    /// <exception cref="CheckpointException">There is none, or there are several.</exception>
    public static CheckpointPart Find(Checkpoint file)
    {
        const string Mark = "embeddings.patch_embedding.weight";
        return CheckpointPart.Find(file, "SigLIP image encoder", new Landmark(Mark, "vision_model."), new Landmark(Mark));
    }

    /// <summary>The names of the encoder without its head.</summary>
    public static WeightMap Encoder { get; } =
        new(static name => new WeightSource.Whole(name), static name => name.StartsWith(Head, StringComparison.Ordinal));

    /// <summary>The names of the head.</summary>
    public static WeightMap PoolingHead { get; } =
        new(
            static name =>
                name.Split('.') switch
                {
                    ["attention", "in_proj", var kind] => new WeightSource.Whole($"{Head}attention.in_proj_{kind}"),
                    _ => new WeightSource.Whole(Head + name),
                },
            static name => !name.StartsWith(Head, StringComparison.Ordinal)
        );
}

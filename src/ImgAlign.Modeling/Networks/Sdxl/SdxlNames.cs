using System.Globalization;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;

namespace ImgAlign.Networks.Sdxl;

/// <summary>
/// How the networks of SDXL are named: in diffusers' folders, and in single files in the original names
/// (<c>sd_xl_base_1.0.safetensors</c> and its fine-tunes), which hold all of them, or the UNet alone.
/// </summary>
public static partial class SdxlNames
{
    private const string ClipEmbedding = "text_model.embeddings.token_embedding.weight";

    /// <summary>The UNet of a checkpoint.</summary>
    /// <exception cref="CheckpointException">There is none.</exception>
    public static CheckpointPart FindUNet(Checkpoint file) =>
        CheckpointPart.Find(file, "UNet of SDXL", new Landmark(OriginalUNet), new Landmark("add_embedding.linear_1.weight"));

    /// <summary>The first text encoder of a single file, with transformers' names.</summary>
    /// <exception cref="CheckpointException">There is none.</exception>
    public static CheckpointPart FindTextEncoder(Checkpoint file) =>
        CheckpointPart.Find(
            file,
            "first text encoder of SDXL",
            new Landmark(ClipEmbedding, "conditioner.embedders.0.transformer."),
            new Landmark(ClipEmbedding, "text_encoders.clip_l.transformer.")
        );

    /// <summary>The second text encoder of a single file, with OpenCLIP's names or transformers'.</summary>
    /// <exception cref="CheckpointException">There is none.</exception>
    public static CheckpointPart FindTextEncoder2(Checkpoint file) =>
        CheckpointPart.Find(
            file,
            "second text encoder of SDXL",
            new Landmark(OpenClipNames.TextMark, "conditioner.embedders.1.model."),
            new Landmark(ClipEmbedding, "text_encoders.clip_g.transformer.")
        );

    private static int Number(string part) => int.Parse(part, NumberStyles.None, CultureInfo.InvariantCulture);

    private static string Join(string start, IEnumerable<string> rest) => string.Join('.', rest.Prepend(start));
}

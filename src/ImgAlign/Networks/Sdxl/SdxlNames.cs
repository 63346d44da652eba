using System.Globalization;
using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Sdxl;

/// <summary>
/// How the networks of SDXL are named in the original single file (<c>sd_xl_base_1.0.safetensors</c> and its fine-tunes), which holds all
/// four. Each map leaves the other networks' tensors alone.
/// </summary>
public static partial class SdxlNames
{
    /// <summary>What stands before the names of the UNet.</summary>
    public const string UNetPrefix = "model.diffusion_model.";

    /// <summary>What stands before the names of the autoencoder.</summary>
    public const string VaePrefix = "first_stage_model.";

    /// <summary>What stands before the names of the first text encoder, which are those of transformers.</summary>
    public const string TextEncoderPrefix = "conditioner.embedders.0.transformer.";

    /// <summary>What stands before the names of the second text encoder, which are those of OpenCLIP.</summary>
    public const string TextEncoder2Prefix = "conditioner.embedders.1.model.";

    /// <summary>Whether a checkpoint is an original single file of SDXL.</summary>
    /// <param name="checkpoint">The checkpoint; only its names are looked at.</param>
    public static bool IsSingleFile(Checkpoint checkpoint) => checkpoint.Tensors.ContainsKey(UNetPrefix + "label_emb.0.0.weight");

    private static WeightMap Behind(string prefix, Func<string, WeightSource> resolve, Func<string, bool>? ignored = null) =>
        new(resolve, name => !name.StartsWith(prefix, StringComparison.Ordinal) || (ignored?.Invoke(name) ?? false));

    private static int Number(string part) => int.Parse(part, NumberStyles.None, CultureInfo.InvariantCulture);

    private static string Join(string start, IEnumerable<string> rest) => string.Join('.', rest.Prepend(start));
}

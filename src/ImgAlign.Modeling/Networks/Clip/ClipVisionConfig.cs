using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Clip;

/// <summary>Sizes of a CLIP image encoder, with the defaults of transformers' <c>CLIPVisionConfig</c>.</summary>
public sealed record ClipVisionConfig : ClipTowerConfig
{
    /// <summary>The defaults of transformers' class.</summary>
    public ClipVisionConfig()
    {
        HiddenSize = 768;
        IntermediateSize = 3072;
        NumAttentionHeads = 12;
    }

    /// <summary>Colour channels.</summary>
    public int NumChannels { get; init; } = 3;

    /// <summary>Width and height of the picture in pixels.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Width and height of a patch in pixels.</summary>
    public int PatchSize { get; init; } = 32;

    /// <summary>Whether a token for the whole picture stands before those of the patches; not so in SigLIP.</summary>
    [JsonIgnore]
    public bool HasClassToken { get; init; } = true;

    /// <summary>Whether the patches' convolution has a bias; not so in CLIP.</summary>
    [JsonIgnore]
    public bool HasPatchBias { get; init; }

    /// <summary>The number of patches.</summary>
    public int Patches => ImageSize / PatchSize * (ImageSize / PatchSize);

    /// <summary>The length of a sequence: the patches, and the class token at its start where there is one.</summary>
    public int Tokens => Patches + (HasClassToken ? 1 : 0);

    /// <summary>Reads the <c>config.json</c> of an image encoder, or of a whole CLIP model.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing, broken, or has impossible sizes.</exception>
    public static ClipVisionConfig Read(string path) => FromJson(ConfigFile.ReadJson(path), path);

    /// <summary>Reads the configuration of an image encoder, or of a model that holds one as its <c>vision_config</c>.</summary>
    /// <param name="json">The object with the fields.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="ImgAlignException">A field is broken or impossible.</exception>
    public static ClipVisionConfig FromJson(JsonElement json, string source)
    {
        var config = ConfigFile.Parse<ClipVisionConfig>(json, source);
        if (json.TryGetProperty("vision_config", out var own))
            config = ConfigFile.Parse<ClipVisionConfig>(own, source) with
            {
                Architectures = config.Architectures,
                ProjectionDim = config.ProjectionDim,
            };
        return config.Checked(source);
    }

    /// <summary>The same, unless no image encoder can have these sizes.</summary>
    /// <exception cref="ImgAlignException">None can.</exception>
    internal ClipVisionConfig Checked(string source)
    {
        Validate(source);
        if (NumChannels < 1 || PatchSize < 1 || ImageSize < PatchSize)
        {
            throw new ImgAlignException(
                $"{source}: num_channels and patch_size must be positive, and image_size {ImageSize} at least patch_size {PatchSize}."
            );
        }
        return this;
    }
}

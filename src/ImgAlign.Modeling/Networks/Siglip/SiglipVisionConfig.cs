using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;

namespace ImgAlign.Networks.Siglip;

/// <summary>The sizes of SigLIP's image encoder, which is made of CLIP's blocks; defaults are those of transformers'
/// SiglipVisionConfig.</summary>
public static class SiglipVisionConfig
{
    /// <summary>Reads the <c>config.json</c> of an image encoder, or of a whole SigLIP.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing, broken, or has impossible sizes.</exception>
    public static ClipVisionConfig Read(string path) => FromJson(ConfigFile.ReadJson(path), path);

    /// <summary>Reads a configuration that is already open.</summary>
    /// <param name="json">The object with the fields.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="ImgAlignException">A field is broken or impossible.</exception>
    public static ClipVisionConfig FromJson(JsonElement json, string path)
    {
        var fields = ConfigFile.Parse<Fields>(json.TryGetProperty("vision_config", out var own) ? own : json, path);
        return new ClipVisionConfig
        {
            HiddenSize = fields.HiddenSize,
            IntermediateSize = fields.IntermediateSize,
            NumHiddenLayers = fields.NumHiddenLayers,
            NumAttentionHeads = fields.NumAttentionHeads,
            NumChannels = fields.NumChannels,
            ImageSize = fields.ImageSize,
            PatchSize = fields.PatchSize,
            HiddenAct = fields.HiddenAct,
            LayerNormEps = fields.LayerNormEps,
            HasClassToken = false,
            HasPatchBias = true,
        }.Checked(path);
    }

    private sealed record Fields
    {
        public int HiddenSize { get; init; } = 768;
        public int IntermediateSize { get; init; } = 3072;
        public int NumHiddenLayers { get; init; } = 12;
        public int NumAttentionHeads { get; init; } = 12;
        public int NumChannels { get; init; } = 3;
        public int ImageSize { get; init; } = 224;
        public int PatchSize { get; init; } = 16;
        public string HiddenAct { get; init; } = "gelu_pytorch_tanh";
        public double LayerNormEps { get; init; } = 1e-6;
    }
}

using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Llama;
using ImgAlign.Networks.Qwen;

namespace ImgAlign.Networks.Qwen3Vl;

/// <summary>
/// The sizes of a Qwen3-VL, from the <c>config.json</c> of <c>Qwen/Qwen3-VL-8B-Instruct</c>: those of Qwen2.5-VL whose tower sees all of an
/// image everywhere, which is one window, and what only Qwen3-VL has.
/// </summary>
public sealed record Qwen3VlConfig : QwenConfig
{
    /// <summary>The side of the tower's table of positions.</summary>
    public required int PositionTableSide { get; init; }

    /// <summary>The blocks of the tower whose outputs are added behind the language model's first layers, one a layer.</summary>
    public required IReadOnlyList<int> DeepstackBlocks { get; init; }

    /// <summary>Reads a model's folder.</summary>
    /// <param name="folder">The folder with <c>config.json</c> and, if there is one, <c>generation_config.json</c>; one of the hub's cache
    /// is resolved.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or an option is not supported.</exception>
    public static new Qwen3VlConfig Read(string folder)
    {
        folder = ModelFolder.Resolve(folder);
        var path = Path.Combine(folder, "config.json");
        var json = ConfigFile.ReadJson(path);
        return FromJson(json, path) with
        {
            StopTokens = GenerationConfig.ReadStopTokens(folder, json) ?? new HashSet<int>(),
            RepetitionPenalty = GenerationConfig.ReadRepetitionPenalty(folder),
        };
    }

    /// <summary>Reads a configuration that is already open; stop tokens are left to <see cref="Read"/>.</summary>
    public static new Qwen3VlConfig FromJson(JsonElement json, string path)
    {
        var fields = ConfigFile.Parse<Fields>(json, path);
        var isNested = fields is { TextConfig.ValueKind: JsonValueKind.Object, VisionConfig.ValueKind: JsonValueKind.Object };
        if (fields.ModelType != "qwen3_vl" || !isNested)
            throw new ImgAlignException(
                $"{path}: this is not the configuration of a Qwen3-VL (model_type qwen3_vl with a text_config and a vision_config); "
                    + "give the folder of a Qwen3-VL."
            );
        var text = ParseText(fields.TextConfig, path);
        var tower = ParseVision(fields.VisionConfig, path);
        if (tower.Vision.OutHiddenSize != text.HiddenSize)
            throw new ImgAlignException(
                $"{path}: the vision tower gives a width of {tower.Vision.OutHiddenSize}, but the language model takes {text.HiddenSize}."
            );
        if (tower.DeepstackBlocks.Count > text.NumHiddenLayers)
            throw new ImgAlignException(
                $"{path}: deepstack_visual_indexes has {tower.DeepstackBlocks.Count} blocks for {text.NumHiddenLayers} layers; give at "
                    + "most one a layer."
            );
        return tower with
        {
            Text = fields.TieWordEmbeddings is { } ties ? text with { TieWordEmbeddings = ties } : text,
            ImageTokenId = fields.ImageTokenId,
        };
    }

    /// <summary>Reads the fields of the language model alone.</summary>
    public static new LlamaConfig ParseText(JsonElement json, string path)
    {
        var text = LlamaConfig.FromJson<TextConfig>(json, path);
        return text.RopeSections is { Count: 3 }
            ? text
            : throw new ImgAlignException(
                $"{path}: the rotary scaling has no mrope_section of three numbers, which says how positions in images are counted; is "
                    + "this a Qwen3-VL?"
            );
    }

    /// <summary>Reads the fields of the vision tower alone; the language model is left open.</summary>
    public static Qwen3VlConfig ParseVision(JsonElement json, string path)
    {
        var fields = ConfigFile.Parse<VisionFields>(json, path);
        var side = (int)Math.Sqrt(fields.NumPositionEmbeddings);
        if (side < 1 || side * side != fields.NumPositionEmbeddings)
            throw new ImgAlignException($"{path}: num_position_embeddings is {fields.NumPositionEmbeddings}, but must be a square.");
        if (fields.DeepstackVisualIndexes.Any(block => block < 0 || block >= fields.Depth))
            throw new ImgAlignException(
                $"{path}: deepstack_visual_indexes [{string.Join(", ", fields.DeepstackVisualIndexes)}] must be blocks from 0 to "
                    + $"{fields.Depth - 1}."
            );
        return new Qwen3VlConfig
        {
            Text = new TextConfig(),
            Vision = fields.ToQwen().Checked(path),
            PositionTableSide = side,
            DeepstackBlocks = fields.DeepstackVisualIndexes,
            ImageTokenId = 0,
            StopTokens = new HashSet<int>(),
        };
    }

    private sealed record Fields
    {
        public string? ModelType { get; init; }
        public int ImageTokenId { get; init; } = 151655;
        public bool? TieWordEmbeddings { get; init; }
        public JsonElement TextConfig { get; init; }
        public JsonElement VisionConfig { get; init; }
    }

    // A LLaMA whose queries and keys are normed head by head; defaults are those of transformers' Qwen3VLTextConfig.
    private sealed record TextConfig : LlamaConfig
    {
        public TextConfig()
        {
            VocabSize = 151936;
            HiddenSize = 4096;
            IntermediateSize = 22016;
            NumKeyValueHeads = 32;
            HeadDim = 128;
            MaxPositionEmbeddings = 128000;
            RopeTheta = 500000;
            HasQueryKeyNorms = true;
        }
    }

    // The defaults of transformers' Qwen3VLVisionConfig.
    private sealed record VisionFields
    {
        public int Depth { get; init; } = 27;
        public int HiddenSize { get; init; } = 1152;
        public string HiddenAct { get; init; } = "gelu_pytorch_tanh";
        public int IntermediateSize { get; init; } = 4304;
        public int NumHeads { get; init; } = 16;
        public int InChannels { get; init; } = 3;
        public int PatchSize { get; init; } = 16;
        public int SpatialMergeSize { get; init; } = 2;
        public int TemporalPatchSize { get; init; } = 2;
        public int OutHiddenSize { get; init; } = 3584;
        public int NumPositionEmbeddings { get; init; } = 2304;
        public IReadOnlyList<int> DeepstackVisualIndexes { get; init; } = [8, 16, 24];

        public QwenVisionConfig ToQwen() =>
            new()
            {
                Depth = Depth,
                HiddenSize = HiddenSize,
                IntermediateSize = IntermediateSize,
                HiddenAct = HiddenAct,
                NumHeads = NumHeads,
                InChannels = InChannels,
                PatchSize = PatchSize,
                TemporalPatchSize = TemporalPatchSize,
                SpatialMergeSize = SpatialMergeSize,
                OutHiddenSize = OutHiddenSize,
                WindowSize = int.MaxValue,
            };
    }
}

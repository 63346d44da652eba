using ImgAlign.Checkpoints;
using ImgAlign.Networks.Aesthetic;
using ImgAlign.Networks.Bert;
using ImgAlign.Networks.Clip;

namespace ImgAlign.Networks.ImageReward;

/// <summary>The sizes of ImageReward, of which most are in no file and follow from the shapes of its tensors.</summary>
public sealed record ImageRewardConfig
{
    private const string Tower = "blip.visual_encoder.";
    private const int UsualHeadWidth = 64; // of all published vision transformers of BLIP

    /// <summary>The vision tower.</summary>
    public required ClipVisionConfig Vision { get; init; }

    /// <summary>The text encoder.</summary>
    public required BertConfig Text { get; init; }

    /// <summary>The width of the text encoder's states, and of each linear layer behind it.</summary>
    public required IReadOnlyList<long> HeadWidths { get; init; }

    /// <summary>An upper estimate of the bytes that one picture and its prompt need in a forward pass in float32, beside the
    /// weights.</summary>
    /// <param name="tokens">The tokens of the prompt.</param>
    public long EstimateActivations(int tokens) =>
        Vision.EstimateActivations(Vision.Tokens)
        + 4L * (2L * Vision.Tokens * Text.HiddenSize + tokens * (8L * Text.HiddenSize + 2L * Text.IntermediateSize));

    /// <summary>The model in a checkpoint.</summary>
    /// <exception cref="CheckpointException">There is none.</exception>
    public static CheckpointPart Find(Checkpoint file) => CheckpointPart.Find(file, "ImageReward", new Landmark(Tower + "cls_token"));

    /// <summary>Reads the sizes.</summary>
    /// <param name="part">The model's tensors; no data is read.</param>
    /// <param name="textConfig">The text encoder's <c>med_config.json</c>.</param>
    /// <param name="visionHeads">The number of heads of the vision tower; null: as many as are 64 wide.</param>
    /// <exception cref="ImgAlignException">A file is broken, or shapes are not ImageReward's.</exception>
    public static ImageRewardConfig Read(Checkpoint part, string textConfig, int? visionHeads = null)
    {
        var kernel = Shape(Tower + "patch_embed.proj.weight", 4); // [E, 3, patch, patch]
        var places = Shape(Tower + "pos_embed", 3)[1];
        var (width, patch) = ((int)kernel[0], (int)kernel[2]);
        var side = (int)Math.Sqrt(places - 1);
        if (side * side != places - 1)
            throw part.Fault(Tower + "pos_embed", $"has {places} places, but a square of patches and one more are expected.");
        var heads = visionHeads ?? Math.Max(1, width / UsualHeadWidth);
        var vision = new ClipVisionConfig
        {
            HiddenSize = width,
            IntermediateSize = (int)Shape(Tower + "blocks.0.mlp.fc1.weight", 2)[0],
            NumHiddenLayers = part.Tensors.Keys.Count(static name =>
                name.StartsWith(Tower + "blocks.", StringComparison.Ordinal) && name.EndsWith(".norm1.weight", StringComparison.Ordinal)
            ),
            NumAttentionHeads = heads,
            ImageSize = side * patch,
            PatchSize = patch,
            HiddenAct = "gelu",
            LayerNormEps = 1e-6,
            HasPatchBias = true,
        };
        return new ImageRewardConfig
        {
            Vision = vision.Checked(part.Source),
            // The words and positions of the file; the configuration's own numbers are those of the BERT that training began with.
            Text = BertConfig.Read(textConfig) with
            {
                VocabSize = (int)Shape("blip.text_encoder.embeddings.word_embeddings.weight", 2)[0],
                MaxPositionEmbeddings = (int)Shape("blip.text_encoder.embeddings.position_embeddings.weight", 2)[0],
            },
            HeadWidths = AestheticNetwork.ReadWidths(
                CheckpointPart.Find(part, "ImageReward's head", new Landmark("layers.0.weight", "mlp."))
            ),
        };

        IReadOnlyList<long> Shape(string name, int dimensions) =>
            part.Tensors.TryGetValue(name, out var info) && info.Shape.Count == dimensions
                ? info.Shape
                : throw part.Fault(name, $"is not there with {dimensions} dimensions; is this ImageReward?");
    }
}

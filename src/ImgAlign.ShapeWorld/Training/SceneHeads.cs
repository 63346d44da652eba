using ImgAlign.Networks.Layers;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Scenes;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>
/// Linear layers that read the scene off the hidden states which diffusion and image prompt are given, for training alone: contrast between
/// whole pictures and whole captions asks little of single tokens, and of the order in a relation nearly nothing.
/// </summary>
internal sealed class SceneHeads : nn.Module
{
    // Is it vertical; is the object that is named last the first; first colour and shape; second colour and shape. Which object is where follows from the
    // order of words and from the relation together, and neither alone tells anything of it: the second question asks for the relation by itself.
    private static readonly long[] SlotSizes = [2, 2, SceneObject.Colors, SceneObject.Shapes, SceneObject.Colors, SceneObject.Shapes];

    [ComponentName(Name = "patches")]
    private readonly Linear patches;

    [ComponentName(Name = "slots")]
    private readonly Linear slots;

    /// <summary>Creates the layers.</summary>
    /// <param name="textWidth">Width of the text's hidden states.</param>
    public SceneHeads(int textWidth) : base(nameof(SceneHeads))
    {
        patches = new Linear(WorldNetworks.ImageEncoder.HiddenSize, SceneObject.Kinds + 1, hasBias: true, META);
        slots = new Linear(textWidth, SlotSizes.Sum(), hasBias: true, META);
        RegisterComponents();
    }

    /// <summary>How well each patch tells which object it is of.</summary>
    /// <param name="hiddenStates">The image encoder's, with the class token, <c>[B, 1 + P, w]</c>.</param>
    /// <param name="scenes">What the pictures show.</param>
    public Tensor PatchLoss(Tensor hiddenStates, IEnumerable<PlacedScene> scenes)
    {
        var labels = scenes.SelectMany(static scene => scene.LabelPatches(WorldNetworks.ImageEncoder.PatchSize)).Select(static label => (long)label).ToArray();
        return nn.functional.cross_entropy(patches.call(hiddenStates[.., 1..]).flatten(0, 1), tensor(labels));
    }

    /// <summary>How well the tokens from a caption's end on tell the whole scene.</summary>
    /// <param name="hiddenStates"><c>[B, N, w]</c>.</param>
    /// <param name="captions">The captions.</param>
    /// <param name="scenes">What they describe.</param>
    public Tensor SlotLoss(Tensor hiddenStates, CaptionTokens captions, IReadOnlyList<Scene> scenes)
    {
        var logits = Logits(hiddenStates);
        var length = hiddenStates.shape[1];
        var losses = Enumerable.Range(0, SlotSizes.Length).Select(slot =>
        {
            var labels = scenes.SelectMany((scene, row) => Enumerable.Range(0, (int)length).Select(place => place < captions.Ends[row] ? Ignored : Labels(captions.Captions[row], scene)[slot])).ToArray();
            return nn.functional.cross_entropy(logits[slot].flatten(0, 1), tensor(labels), ignore_index: Ignored);
        });
        return stack(losses).mean();
    }

    /// <summary>Which captions are understood wholly, by the token at their end.</summary>
    /// <param name="hiddenStates"><c>[B, N, w]</c>.</param>
    /// <param name="captions">The captions.</param>
    /// <param name="scenes">What they describe.</param>
    public IReadOnlyList<bool> ReadsScenes(Tensor hiddenStates, CaptionTokens captions, IReadOnlyList<Scene> scenes)
    {
        using var scope = NewDisposeScope();
        var rows = arange(scenes.Count, int64);
        var last = hiddenStates[rows, tensor(captions.Ends.Select(static end => (long)end).ToArray())].unsqueeze(1);  // [B, 1, w]
        var answers = Logits(last).Select(static logits => logits.argmax(-1).flatten().data<long>().ToArray()).ToList();
        return [.. scenes.Select((scene, row) => Labels(captions.Captions[row], scene).Index().All(label => answers[label.Index][row] == label.Item))];
    }

    private const long Ignored = -100;

    private static long[] Labels(string caption, Scene scene) =>
    [
        scene.IsVertical ? 1 : 0, caption.EndsWith(scene.First.ToString(), StringComparison.Ordinal) ? 1 : 0,
        (long)scene.First.Color, (long)scene.First.Shape, (long)scene.Second.Color, (long)scene.Second.Shape,
    ];

    private Tensor[] Logits(Tensor hiddenStates) => slots.call(hiddenStates).split(SlotSizes, -1);
}

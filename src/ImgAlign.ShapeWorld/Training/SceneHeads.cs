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
    // Is it vertical; is the object that is named last the first; first colour and shape; second colour and shape. Which object is where
    // follows from the order of words and from the relation together, and neither alone tells anything of it: the second question asks for
    // the relation by itself.
    internal static readonly long[] SlotSizes = [2, 2, SceneObject.Colors, SceneObject.Shapes, SceneObject.Colors, SceneObject.Shapes];

    [ComponentName(Name = "patches")]
    private readonly CompactLinear patches;

    [ComponentName(Name = "class_token")]
    private readonly CompactLinear classToken;

    [ComponentName(Name = "slots")]
    private readonly CompactLinear slots;

    /// <summary>Creates the layers.</summary>
    /// <param name="textWidth">Width of the text's hidden states.</param>
    public SceneHeads(int textWidth)
        : base(nameof(SceneHeads))
    {
        patches = new CompactLinear(WorldNetworks.ImageEncoder.HiddenSize, SceneObject.Kinds + 1, hasBias: true, META);
        classToken = new CompactLinear(WorldNetworks.ImageEncoder.HiddenSize, SlotSizes.Sum(), hasBias: true, META);
        slots = new CompactLinear(textWidth, SlotSizes.Sum(), hasBias: true, META);
        RegisterComponents();
    }

    /// <summary>How well each patch tells which object it is of, and the class token the whole scene.</summary>
    /// <param name="hiddenStates">The image encoder's, with the class token, <c>[B, 1 + P, w]</c>.</param>
    /// <param name="samples">What the pictures show.</param>
    public Tensor ImageLoss(Tensor hiddenStates, IReadOnlyList<SceneSample> samples)
    {
        var objects = samples
            .SelectMany(static sample => sample.Placed.LabelPatches(WorldNetworks.ImageEncoder.PatchSize))
            .Select(static label => (long)label)
            .ToArray();
        var patchLoss = nn.functional.cross_entropy(patches.call(hiddenStates[.., 1..]).flatten(0, 1), tensor(objects));
        return patchLoss.Plus(
            SlotLoss(classToken, hiddenStates[.., ..1], [.. samples.Select(static sample => Labels(null, sample.Scene))])
        );
    }

    /// <summary>How well the tokens from a caption's end on tell the whole scene.</summary>
    /// <param name="hiddenStates"><c>[B, N, w]</c>.</param>
    /// <param name="captions">The captions.</param>
    /// <param name="scenes">What they describe.</param>
    public Tensor TextLoss(Tensor hiddenStates, CaptionTokens captions, IReadOnlyList<Scene> scenes)
    {
        long[] nothing = [.. Enumerable.Repeat(Ignored, SlotSizes.Length)];
        var labels = scenes.SelectMany(
            (scene, row) =>
            {
                var ofScene = Labels(captions.Captions[row], scene);
                return Enumerable.Range(0, (int)hiddenStates.shape[1]).Select(place => place < captions.Ends[row] ? nothing : ofScene);
            }
        );
        return SlotLoss(slots, hiddenStates, [.. labels]);
    }

    /// <summary>Which captions are understood wholly, by the token at their end.</summary>
    /// <param name="hiddenStates"><c>[B, N, w]</c>.</param>
    /// <param name="captions">The captions.</param>
    /// <param name="scenes">What they describe.</param>
    public IReadOnlyList<bool> ReadsScenes(Tensor hiddenStates, CaptionTokens captions, IReadOnlyList<Scene> scenes)
    {
        using var scope = NewDisposeScope();
        var rows = TensorMath.Range(scenes.Count);
        var last = hiddenStates[rows, tensor(captions.Ends.Select(static end => (long)end).ToArray())].unsqueeze(1); // [B, 1, w]
        var answers = slots
            .call(last)
            .split(SlotSizes, -1)
            .Select(static logits => logits.argmax(-1).flatten().data<long>().ToArray())
            .ToList();
        return
        [
            .. scenes.Select(
                (scene, row) => Labels(captions.Captions[row], scene).Index().All(label => answers[label.Index][row] == label.Item)
            ),
        ];
    }

    private const long Ignored = -100;

    /// <summary>What heads have to say of a scene; a picture, whose caption is null, has no order of words.</summary>
    internal static long[] Labels(string? caption, Scene scene) =>
        [
            scene.IsVertical ? 1 : 0,
            caption is null ? Ignored
            : caption.EndsWith(scene.First.ToString(), StringComparison.Ordinal) ? 1
            : 0,
            (long)scene.First.Color,
            (long)scene.First.Shape,
            (long)scene.Second.Color,
            (long)scene.Second.Shape,
        ];

    /// <summary>The mean loss over the slots that have labels.</summary>
    /// <param name="head">From a token to all slots.</param>
    /// <param name="hiddenStates"><c>[B, N, w]</c>.</param>
    /// <param name="labels">Those of each token, row by row.</param>
    internal static Tensor SlotLoss(CompactLinear head, Tensor hiddenStates, List<long[]> labels)
    {
        var logits = head.call(hiddenStates).split(SlotSizes, -1);
        var losses = Enumerable
            .Range(0, SlotSizes.Length)
            .Where(slot => labels.Exists(ofToken => ofToken[slot] != Ignored))
            .Select(slot =>
                nn.functional.cross_entropy(
                    logits[slot].flatten(0, 1),
                    tensor(labels.Select(ofToken => ofToken[slot]).ToArray()),
                    ignore_index: Ignored
                )
            );
        return stack(losses).mean();
    }
}

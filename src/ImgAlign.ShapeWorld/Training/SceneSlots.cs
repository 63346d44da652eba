using ImgAlign.Networks.Layers;
using ImgAlign.ShapeWorld.Scenes;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>
/// What a picture shows or a question is about, as choices that a linear layer is trained to read off a network's features; the layer is
/// dropped later. From answers alone, a language model hardly learns to read which object is where, nor to compare a sentence with a picture.
/// </summary>
internal static class SceneSlots
{
    private const long Ignored = -100;

    // Of a scene: is it vertical; first colour and shape; second colour and shape.
    private static readonly long[] OfScene = [2, SceneObject.Colors, SceneObject.Shapes, SceneObject.Colors, SceneObject.Shapes];

    // Of a sentence also: is the object that is named last the first. Which object is where follows from the order of words and from the
    // relation together, and neither alone tells anything of it: this asks for the relation by itself.
    private static readonly long[] OfSentence = [2, .. OfScene];

    // Whether what a sentence says of each choice of a scene is so in the picture.
    private static readonly long[] Agreement = [2, 2, 2, 2, 2];

    // Whether the colour and the shape of one object are those of the picture's first, and of its second.
    private static readonly long[] Likeness = [2, 2, 2, 2];

    /// <summary>How many choices there are in each slot: of the picture, of the sentence, of their agreement, of an object's
    /// likeness.</summary>
    public static IReadOnlyList<long> Sizes { get; } = [.. OfScene, .. OfSentence, .. Agreement, .. Likeness];

    /// <summary>What a picture shows.</summary>
    public static long[] Picture(Scene shown) => [.. Read(shown), .. None(OfSentence), .. None(Agreement), .. None(Likeness)];

    /// <summary>What a sentence says, whatever the picture shows.</summary>
    public static long[] Sentence(string sentence, Scene said) =>
        [.. None(OfScene), .. Read(sentence, said), .. None(Agreement), .. None(Likeness)];

    /// <summary>What a picture shows and a sentence says, and where they agree.</summary>
    public static long[] Claim(string sentence, Scene said, Scene shown) =>
        [.. Read(shown), .. Read(sentence, said), .. Compare(Read(said), Read(shown)), .. None(Likeness)];

    /// <summary>What a picture shows, and how far its objects are like one that is named.</summary>
    public static long[] Claim(SceneObject named, Scene shown) =>
        [
            .. Read(shown),
            .. None(OfSentence),
            .. None(Agreement),
            .. Compare(Read(named), Read(shown.First)),
            .. Compare(Read(named), Read(shown.Second)),
        ];

    /// <summary>The mean loss over the slots that have labels.</summary>
    /// <param name="layer">From features to all slots.</param>
    /// <param name="features"><c>[B, w]</c>.</param>
    /// <param name="labels">Those of each row.</param>
    public static Tensor Loss(CompactLinear layer, Tensor features, IReadOnlyList<long[]> labels)
    {
        var logits = layer.call(features).split([.. Sizes], -1);
        var losses = Enumerable
            .Range(0, Sizes.Count)
            .Where(slot => labels.Any(row => row[slot] != Ignored))
            .Select(slot =>
                nn.functional.cross_entropy(logits[slot], tensor(labels.Select(row => row[slot]).ToArray()), ignore_index: Ignored)
            );
        return stack(losses).mean();
    }

    /// <summary>The share of rows whose labels are all read.</summary>
    /// <inheritdoc cref="Loss" path="/param"/>
    public static double ReadShare(CompactLinear layer, Tensor features, IReadOnlyList<long[]> labels)
    {
        using var scope = NewDisposeScope();
        var answers = layer.call(features).split([.. Sizes], -1).Select(static logits => logits.argmax(-1).data<long>().ToArray()).ToList();
        return labels
            .Index()
            .Average(row => row.Item.Index().All(slot => slot.Item == Ignored || answers[slot.Index][row.Index] == slot.Item) ? 1.0 : 0);
    }

    private static long[] Read(SceneObject item) => [(long)item.Color, (long)item.Shape];

    private static long[] Read(Scene scene) => [scene.IsVertical ? 1 : 0, .. Read(scene.First), .. Read(scene.Second)];

    private static long[] Read(string sentence, Scene said) =>
        [sentence.EndsWith(said.First.ToString(), StringComparison.Ordinal) ? 1 : 0, .. Read(said)];

    private static IEnumerable<long> Compare(long[] said, long[] shown) => said.Zip(shown, static (a, b) => a == b ? 1L : 0);

    private static IEnumerable<long> None(long[] slots) => slots.Select(static _ => Ignored);
}

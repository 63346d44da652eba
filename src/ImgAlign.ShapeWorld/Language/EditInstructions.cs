using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Language;

/// <summary>The answers that the detector learns to give: how a picture has to change to show what the prompt says.</summary>
internal static class EditInstructions
{
    /// <summary>The answer where picture and prompt agree.</summary>
    public const string Nothing = "nothing to change";

    /// <summary>All words of all instructions.</summary>
    public static IReadOnlyList<string> Words { get; } =
    [.. $"{Nothing} change the to a swap the colors move and left of above".Split(' ').Concat(Captions.Words).Distinct()];

    /// <summary>Says how to get from one scene to another with the fewest edits.</summary>
    /// <param name="shown">What the picture shows.</param>
    /// <param name="wanted">What it should show.</param>
    public static string Write(Scene shown, Scene wanted)
    {
        ArgumentNullException.ThrowIfNull(shown);
        ArgumentNullException.ThrowIfNull(wanted);
        if (shown == wanted)
            return Nothing;
        // Either object can become either; the colours may be exchanged first.
        var plans = new[]
        {
            Plan(shown, wanted, crossed: false, swapsColors: false),
            Plan(shown, wanted, crossed: false, swapsColors: true),
            Plan(shown, wanted, crossed: true, swapsColors: false),
        };
        return string.Join(" and ", plans.MinBy(static plan => plan.Cost).Edits);
    }

    private static (int Cost, IReadOnlyList<string> Edits) Plan(Scene shown, Scene wanted, bool crossed, bool swapsColors)
    {
        var edits = new List<string>();
        var (first, second) = (shown.First, shown.Second);
        var cost = 0;
        if (swapsColors)
        {
            (first, second) = (first with { Color = second.Color }, second with { Color = first.Color });
            edits.Add("swap the colors");
            cost += 2;
        }
        var (firstGoal, secondGoal) = crossed ? (wanted.Second, wanted.First) : (wanted.First, wanted.Second);
        Change(first, firstGoal);
        Change(second, secondGoal);
        if (crossed || shown.IsVertical != wanted.IsVertical)
        {
            edits.Add($"move the {wanted.First} {(wanted.IsVertical ? "above" : "left of")} the {wanted.Second}");
            cost += 2;
        }
        return (cost, edits);

        void Change(SceneObject from, SceneObject to)
        {
            if (from == to)
                return;
            var (color, shape) = (from.Color != to.Color, from.Shape != to.Shape);
            var goal =
                color && shape ? $"a {to}"
                : color ? to.Color.ToString()
                : $"a {to.Shape}";
            edits.Add($"change the {from} to {goal.ToLowerInvariant()}");
            cost += color && shape ? 3 : 2;
        }
    }
}

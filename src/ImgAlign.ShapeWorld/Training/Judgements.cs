using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>The judgements of many pictures.</summary>
/// <param name="All">One a picture.</param>
internal sealed record Judgements(IReadOnlyList<SceneJudgement> All)
{
    /// <summary>The share that is wholly right.</summary>
    public double Right => Share(All, static judgement => judgement.IsRight);

    /// <summary>What of the scenes is right, each as a share of the pictures.</summary>
    public IEnumerable<KeyValuePair<string, double>> Summarize()
    {
        yield return new("right", Right);
        yield return new(
            "color",
            (Share(All, static judgement => judgement.FirstColor) + Share(All, static judgement => judgement.SecondColor)) / 2
        );
        yield return new(
            "shape",
            (Share(All, static judgement => judgement.FirstShape) + Share(All, static judgement => judgement.SecondShape)) / 2
        );
        yield return new("relation", Share(All, static judgement => judgement.Relation));
        yield return new("two_objects", Share(All, static judgement => judgement.ObjectCount));
        // Objects in the wrong order are right but for the relation: whether the order is understood shows here.
        var withRightObjects = All.Where(static judgement => judgement.HasRightObjects).ToList();
        yield return new("relation_of_right_objects", Share(withRightObjects, static judgement => judgement.Relation));
    }

    private static double Share(IReadOnlyList<SceneJudgement> judgements, Func<SceneJudgement, bool> isRight) =>
        judgements.Count == 0 ? 0 : judgements.Average(judgement => isRight(judgement) ? 1.0 : 0);
}

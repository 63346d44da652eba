namespace ImgAlign.Training.Aligner;

/// <summary>A data set of preference pairs as the frozen networks see them.</summary>
public interface IPreferenceFeatures
{
    /// <summary>The number of pairs.</summary>
    int Count { get; }

    /// <summary>How the pairs lie (<see cref="ITrainingTask.Parts"/>).</summary>
    IReadOnlyList<int> Parts => [Count];

    /// <summary>What makes a pair useless, as one sentence, or null.</summary>
    /// <param name="index">The pair's place.</param>
    string? FindProblem(int index);

    /// <summary>A pair's features; the seed draws the question to the detector.</summary>
    /// <param name="sample">The pair.</param>
    PreferenceFeatures Read(SampleDraw sample);
}

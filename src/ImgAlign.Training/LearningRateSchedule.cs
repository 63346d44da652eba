namespace ImgAlign.Training;

/// <summary>How the learning rate goes on after its rise.</summary>
public enum LearningRateSchedule
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>It falls to 0 as a cosine.</summary>
    Cosine,
}

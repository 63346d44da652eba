namespace ImgAlign.Evaluation.Running;

/// <summary>Counts the pictures that are there, and how fast they are made.</summary>
/// <param name="total">The pictures that are needed.</param>
/// <param name="progress">Receives every batch.</param>
internal sealed class PictureCounter(int total, IProgress<EvaluationProgress>? progress)
{
    private readonly HashSet<string> seen = [];
    private int done;
    private int made;
    private TimeSpan spent;

    /// <summary>A batch was made.</summary>
    public void Made(string key, int pictures, TimeSpan duration)
    {
        made += pictures;
        spent += duration;
        Found(key, pictures);
    }

    /// <summary>A batch is there; one that arms share counts once.</summary>
    public void Found(string key, int pictures)
    {
        if (!seen.Add(key))
            return;
        done += pictures;
        progress?.Report(new EvaluationProgress(done, Math.Max(total, done), made > 0 ? made / spent.TotalSeconds : null));
    }
}

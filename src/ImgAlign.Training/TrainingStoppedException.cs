namespace ImgAlign.Training;

/// <summary>A run was stopped, by all of its processes together, after a step and with a checkpoint. The one that was asked to stop may be
/// another than this one, whose own token is then not cancelled.</summary>
public sealed class TrainingStoppedException : OperationCanceledException
{
    // A token of its own tells it from a run that was cancelled before it began.
    internal TrainingStoppedException()
        : base("The training was stopped; go on with --resume.", new CancellationToken(canceled: true)) { }
}

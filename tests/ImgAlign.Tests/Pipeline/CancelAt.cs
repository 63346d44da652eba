namespace ImgAlign.Tests.Pipeline;

/// <summary>Cancels a run at one of its updates, and counts those that come nevertheless.</summary>
internal sealed class CancelAt(AlignmentStage stage, int round, int step) : IProgress<AlignmentUpdate>, IDisposable
{
    private readonly CancellationTokenSource cancellation = new();

    public CancellationToken Token => cancellation.Token;

    public int UpdatesAfter { get; private set; }

    public void Report(AlignmentUpdate value)
    {
        if (cancellation.IsCancellationRequested) UpdatesAfter++;
        else if (value.Stage == stage && value.Round == round && value.Step == step) cancellation.Cancel();
    }

    public void Dispose() => cancellation.Dispose();
}

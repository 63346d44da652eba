namespace ImgAlign.Tests.Pipeline;

/// <summary>Keeps updates as they come, on the worker thread, and acts on them.</summary>
internal sealed class Updates(Action<AlignmentUpdate>? act = null) : IProgress<AlignmentUpdate>
{
    public List<AlignmentUpdate> All { get; } = [];

    public IEnumerable<AlignmentUpdate> Steps => All.Where(update => update.Stage == AlignmentStage.Generate && update.Step > 0);

    public void Report(AlignmentUpdate value)
    {
        All.Add(value);
        act?.Invoke(value);
    }
}

using System.Threading.Channels;

namespace ImgAlign;

/// <summary>Turns progress into a sequence that ends with the result.</summary>
internal sealed class UpdateStream : IProgress<AlignmentUpdate>
{
    private readonly Channel<AlignmentUpdate> channel = Channel.CreateUnbounded<AlignmentUpdate>(new UnboundedChannelOptions { SingleReader = true });
    private AlignmentUpdate last = new(AlignmentStage.EncodePrompt, 0);

    public void Report(AlignmentUpdate value)
    {
        last = value;
        channel.Writer.TryWrite(value);
    }

    public IAsyncEnumerable<AlignmentUpdate> ReadAllAsync() => channel.Reader.ReadAllAsync(CancellationToken.None);

    /// <summary>Ends the sequence with the run: with its result or its exception. Never throws itself.</summary>
    public async Task CompleteWithAsync(Task<AlignmentResult> run)
    {
        try
        {
            var result = await run.ConfigureAwait(false);
            channel.Writer.TryWrite(new AlignmentUpdate(last.Stage, last.Round) { Step = last.StepCount, StepCount = last.StepCount, Result = result });
            channel.Writer.Complete();
        }
#pragma warning disable CA1031 // Handed to the reader.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            channel.Writer.Complete(exception);
        }
    }
}

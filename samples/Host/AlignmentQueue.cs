using System.Threading.Channels;
using ImgAlign;

namespace Host;

/// <summary>What the configuration orders.</summary>
internal sealed record Order(string Prompt, long Seed, int? Steps, ImageSize? Size);

/// <summary>Orders that wait; a web application would add to it from its requests.</summary>
internal sealed class AlignmentQueue
{
    private readonly Channel<Order> channel = Channel.CreateUnbounded<Order>();

    public void Add(Order order) => channel.Writer.TryWrite(order);

    public void Close() => channel.Writer.Complete();

    public IAsyncEnumerable<Order> ReadAllAsync(CancellationToken cancellationToken) => channel.Reader.ReadAllAsync(cancellationToken);
}

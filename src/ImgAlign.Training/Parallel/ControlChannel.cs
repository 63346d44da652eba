using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ImgAlign.Training.Parallel;

/// <summary>
/// What processes say to each other that no GPU library carries: numbers and texts, over TCP, by way of the first process. It notices a
/// process that ends without having said that it is done, and all of them then learn which one that was.
/// </summary>
internal sealed class ControlChannel : IDisposable
{
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(100);

    private readonly LaunchEnvironment launch;
    private readonly ControlLink?[] links; // by rank; the first process has one to each other, and they have one to the first
    private readonly CancellationTokenSource lost = new();
    private readonly Lock losing = new();
    private bool isDisposed;
    private string? loss;

    private ControlChannel(LaunchEnvironment launch, ControlLink?[] links)
    {
        this.launch = launch;
        this.links = links;
        foreach (var (rank, link) in links.Index())
            link?.Listen(sentence =>
                Lose(
                    sentence
                        ?? $"Process {rank} of {launch.Size} has ended before the training was done; see its own "
                            + "message, and go on with --resume."
                )
            );
    }

    /// <summary>Cancelled when a process is lost; <see cref="Loss"/> then says which.</summary>
    public CancellationToken Lost => lost.Token;

    /// <summary>One sentence on the process that was lost; null where none was.</summary>
    public string? Loss => Volatile.Read(ref loss);

    /// <summary>Meets the other processes.</summary>
    /// <param name="launch">Who they are, and where the first one listens.</param>
    /// <param name="patience">How long to wait for them.</param>
    /// <exception cref="ImgAlignException">They do not come, or do not belong together.</exception>
    public static ControlChannel Open(LaunchEnvironment launch, TimeSpan patience)
    {
        using var deadline = new CancellationTokenSource(patience);
        try
        {
            return new ControlChannel(launch, launch.Rank == 0 ? Accept(launch, deadline.Token) : [Connect(launch, deadline.Token)]);
        }
        catch (OperationCanceledException exception)
        {
            throw new ImgAlignException(
                $"Process {launch.Rank} of {launch.Size} has waited {patience.TotalSeconds:0} s for "
                    + (launch.Rank == 0 ? $"the others at port {launch.Port}" : $"the first one at {launch.Host}:{launch.Port}")
                    + "; start all of them with the same MASTER_ADDR, MASTER_PORT and WORLD_SIZE.",
                exception
            );
        }
        catch (SocketException exception)
        {
            throw new ImgAlignException(
                $"Process {launch.Rank} of {launch.Size} cannot use {launch.Host}:{launch.Port} (MASTER_ADDR, MASTER_PORT): "
                    + $"{exception.Message}.",
                exception
            );
        }
    }

    /// <summary>Replaces numbers by their sums over all processes, taken in the order of the ranks.</summary>
    public void Sum(Span<double> values)
    {
        var own = values.ToArray();
        var sums = Exchange(
            MemoryMarshal.AsBytes(own.AsSpan()).ToArray(),
            all =>
            {
                var total = new double[own.Length];
                foreach (var given in all)
                {
                    foreach (var (index, value) in MemoryMarshal.Cast<byte, double>(given).ToArray().Index())
                        total[index] += value;
                }
                return MemoryMarshal.AsBytes(total.AsSpan()).ToArray();
            }
        );
        MemoryMarshal.Cast<byte, double>(sums).CopyTo(values);
    }

    /// <summary>Tells all processes what the first one says.</summary>
    /// <param name="bytes">What it says; what the others pass does not matter.</param>
    public byte[] Broadcast(byte[] bytes) => Exchange(launch.Rank == 0 ? bytes : [], static all => all[0]);

    /// <summary>Says that this process is done.</summary>
    public void Complete()
    {
        Exchange([], static _ => []); // nobody goes before all are done
        foreach (var link in links)
            link?.SayDone();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var link in links)
            link?.Dispose();
        lock (losing)
        {
            isDisposed = true;
            lost.Dispose();
        }
    }

    // The first process combines what all give, by rank, and all have the result.
    private byte[] Exchange(byte[] own, Func<IReadOnlyList<byte[]>, byte[]> combine)
    {
        try
        {
            if (launch.Rank > 0)
            {
                links[0]!.Send(own);
                return links[0]!.Receive(Lost);
            }
            var result = combine([own, .. links.Skip(1).Select(link => link!.Receive(Lost)).ToList()]);
            foreach (var link in links)
                link?.Send(result);
            return result;
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // A link that cannot be written to is one that its reader sees end.
            lost.Token.WaitHandle.WaitOne(TimeSpan.FromSeconds(1));
            throw new ImgAlignException(Loss ?? $"Process {launch.Rank} of {launch.Size} has lost the others.", exception);
        }
    }

    private void Lose(string sentence)
    {
        lock (losing)
        {
            if (loss is not null || isDisposed)
                return;
            Volatile.Write(ref loss, sentence);
            foreach (var link in links)
                link?.TrySayLost(sentence);
            lost.Cancel();
        }
    }

    private static ControlLink?[] Accept(LaunchEnvironment launch, CancellationToken deadline)
    {
        // Where all processes are on this machine, no other machine is listened to.
        var host = launch.Host is "localhost" ? "127.0.0.1" : launch.Host;
        using var listener =
            IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address)
                ? new TcpListener(address, launch.Port)
                : TcpListener.Create(launch.Port);
        listener.Start();
        var links = new ControlLink?[launch.Size];
        while (links.Skip(1).Contains(null))
        {
            var client = listener.AcceptTcpClientAsync(deadline).AsTask().GetAwaiter().GetResult();
            if (ControlLink.Greeted(client, deadline) is not var (link, rank, size))
                continue; // somebody else has knocked
            if (size != launch.Size || rank < 1 || rank >= size || links[rank] is not null)
                throw new ImgAlignException(
                    $"A process says that it is {rank} of {size}, which does not fit this one, 0 of {launch.Size}, or is said by two; give each "
                        + "process its own RANK, and all the same WORLD_SIZE."
                );
            links[rank] = link;
        }
        return links;
    }

    private static ControlLink Connect(LaunchEnvironment launch, CancellationToken deadline)
    {
        while (true)
        {
            var client = new TcpClient();
            try
            {
                client.ConnectAsync(launch.Host, launch.Port, deadline).AsTask().GetAwaiter().GetResult();
                return ControlLink.Greet(client, launch.Rank, launch.Size);
            }
            catch (SocketException exception) when (exception.SocketErrorCode != SocketError.HostNotFound)
            {
                client.Dispose();
                deadline.WaitHandle.WaitOne(BetweenTries); // it may not listen yet
                deadline.ThrowIfCancellationRequested();
            }
        }
    }
}

using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace ImgAlign.Training.Parallel;

/// <summary>
/// A connection of two processes. A message is its kind, its length (32 bits, little endian) and its bytes; the first is a greeting with the
/// sender's rank and the number of processes.
/// </summary>
internal sealed class ControlLink : IDisposable
{
    private const int HeaderBytes = 1 + sizeof(int);
    private const int SecondsOfSilence = 5;

    private readonly TcpClient client;
    private readonly NetworkStream stream;
    private readonly Lock sending = new();
    private readonly BlockingCollection<byte[]> received = [];
    private volatile bool isDisposed;

    private ControlLink(TcpClient client)
    {
        this.client = client;
        stream = client.GetStream();
        client.NoDelay = true;
        // A machine that is gone says nothing; the system asks it.
        client.Client.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        client.Client.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, SecondsOfSilence);
        client.Client.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 1);
        client.Client.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, SecondsOfSilence);
    }

    private enum Kind : byte
    {
        Greeting = 0x49, // nothing else that knocks at a port is likely to begin so, and go on with a length of 8
        Values,
        Lost,
        Done,
    }

    /// <summary>Says who this is.</summary>
    public static ControlLink Greet(TcpClient client, int rank, int size)
    {
        var link = new ControlLink(client);
        var greeting = new byte[2 * sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(greeting, rank);
        BinaryPrimitives.WriteInt32LittleEndian(greeting.AsSpan(sizeof(int)), size);
        link.Send(Kind.Greeting, greeting);
        return link;
    }

    /// <summary>Hears who the other is; null, and the connection is closed, where it is none of ours.</summary>
    public static (ControlLink Link, int Rank, int Size)? Greeted(TcpClient client, CancellationToken deadline)
    {
        var link = new ControlLink(client);
        var patience = CancellationTokenSource.CreateLinkedTokenSource(deadline);
        patience.CancelAfter(TimeSpan.FromSeconds(SecondsOfSilence));
        try
        {
            var greeting = new byte[HeaderBytes + 2 * sizeof(int)];
            link.stream.ReadExactlyAsync(greeting, patience.Token).AsTask().GetAwaiter().GetResult();
            var length = BinaryPrimitives.ReadInt32LittleEndian(greeting.AsSpan(1));
            if ((Kind)greeting[0] == Kind.Greeting && length == 2 * sizeof(int))
            {
                var rank = BinaryPrimitives.ReadInt32LittleEndian(greeting.AsSpan(HeaderBytes));
                return (link, rank, BinaryPrimitives.ReadInt32LittleEndian(greeting.AsSpan(HeaderBytes + sizeof(int))));
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException && !deadline.IsCancellationRequested)
        {
            // It has hung up, or says nothing.
        }
        finally
        {
            patience.Dispose();
        }
        link.Dispose();
        return null;
    }

    /// <summary>Begins to listen, on a thread of its own.</summary>
    /// <param name="lost">Called when a process is lost: with the sentence in which the other one says so, or null where it is the
    /// other one.</param>
    public void Listen(Action<string?> lost) => new Thread(() => Read(lost)) { IsBackground = true, Name = "control" }.Start();

    /// <summary>Sends values.</summary>
    /// <exception cref="IOException">The connection has ended.</exception>
    public void Send(byte[] values) => Send(Kind.Values, values);

    /// <summary>The next values that the other sends.</summary>
    /// <param name="lost">Cancelled when a process is lost.</param>
    /// <exception cref="OperationCanceledException">One is.</exception>
    public byte[] Receive(CancellationToken lost) => received.Take(lost);

    /// <summary>Says that this process is done and will hang up.</summary>
    public void SayDone() => TrySend(Kind.Done, []);

    /// <summary>Says which process is lost, where the other still listens.</summary>
    public void TrySayLost(string sentence) => TrySend(Kind.Lost, Encoding.UTF8.GetBytes(sentence));

    /// <inheritdoc/>
    public void Dispose()
    {
        isDisposed = true;
        client.Dispose();
    }

    private void TrySend(Kind kind, byte[] message)
    {
        try
        {
            Send(kind, message);
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // It is gone.
        }
    }

    private void Send(Kind kind, byte[] message)
    {
        var bytes = new byte[HeaderBytes + message.Length];
        bytes[0] = (byte)kind;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(1), message.Length);
        message.CopyTo(bytes, HeaderBytes);
        lock (sending)
            stream.Write(bytes);
    }

    private void Read(Action<string?> lost)
    {
        string? sentence = null;
        try
        {
            var header = new byte[HeaderBytes];
            while (true)
            {
                stream.ReadExactly(header);
                var message = new byte[BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(1))];
                stream.ReadExactly(message);
                switch ((Kind)header[0])
                {
                    case Kind.Values:
                        received.Add(message);
                        continue;
                    case Kind.Done:
                        return;
                    case Kind.Lost:
                        sentence = Encoding.UTF8.GetString(message);
                        break;
                }
                break;
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The other has ended, or this one hangs up.
        }
        if (!isDisposed)
            lost(sentence);
    }
}

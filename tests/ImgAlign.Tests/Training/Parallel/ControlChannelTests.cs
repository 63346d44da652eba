using System.Net;
using System.Net.Sockets;
using ImgAlign.Training.Parallel;

namespace ImgAlign.Tests.Training.Parallel;

/// <summary>Processes that speak over TCP, here threads.</summary>
public sealed class ControlChannelTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly int port = LocalPort.Free();

    // Any loopback address is listened to, not the usual one only.
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.2")]
    [InlineData("localhost")]
    public async Task Numbers_are_summed_and_texts_told(string host)
    {
        var found = await Task.WhenAll(
            Enumerable
                .Range(0, 3)
                .Select(rank =>
                    Start(() =>
                    {
                        using var channel = Open(rank, 3, host: host);
                        double[] values = [rank, 0.1 * rank];
                        channel.Sum(values);
                        var told = channel.Broadcast([(byte)(7 + rank)]);
                        channel.Complete();
                        return (Ranks: values[0], Tenths: values[1], told.Single());
                    })
                )
        );
        Assert.All(found, static values => Assert.Equal((3.0, 0.1 + 0.2, (byte)7), values));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_process_that_ends_early_is_named_to_all_others(int lost)
    {
        var messages = await Task.WhenAll(
            Enumerable
                .Range(0, 3)
                .Select(rank =>
                    Start(() =>
                    {
                        using var channel = Open(rank, 3);
                        if (rank == lost)
                            return "";
                        var message = Assert.Throws<ImgAlignException>(() => channel.Sum([1])).Message;
                        Assert.True(channel.Lost.IsCancellationRequested);
                        return message;
                    })
                )
        );
        var expected = $"Process {lost} of 3 has ended before the training was done; see its own message, and go on with --resume.";
        Assert.All(messages.Index().Where(pair => pair.Index != lost), pair => Assert.Equal(expected, pair.Item));
    }

    [Fact]
    public async Task Strangers_are_not_let_in()
    {
        var first = Start(() =>
        {
            using var channel = Open(0, 2);
            channel.Sum([1]);
            channel.Complete();
            return true;
        });
        using (var stranger = await KnockAsync())
        {
            await stranger.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: here\r\n\r\n"u8.ToArray());
            var second = Start(() =>
            {
                using var channel = Open(1, 2);
                channel.Sum([1]);
                channel.Complete();
                return true;
            });
            Assert.True(await first && await second);
        }
    }

    [Fact]
    public async Task Processes_that_do_not_belong_together_are_refused()
    {
        var first = Start(() => Assert.Throws<ImgAlignException>(() => Open(0, 2)).Message);
        using var other = await KnockAsync();
        ControlLink.Greet(other, rank: 1, size: 3);
        Assert.Contains("it is 1 of 3, which does not fit this one, 0 of 2", await first, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "Process 0 of 2 has waited 1 s for the others at port")]
    [InlineData(1, "Process 1 of 2 has waited 1 s for the first one at 127.0.0.1:")]
    public void Those_that_do_not_come_are_not_waited_for_for_ever(int rank, string expected) =>
        Assert.Contains(
            expected,
            Assert.Throws<ImgAlignException>(() => Open(rank, 2, TimeSpan.FromSeconds(1))).Message,
            StringComparison.Ordinal
        );

    private ControlChannel Open(int rank, int size, TimeSpan? patience = null, string host = "127.0.0.1") =>
        ControlChannel.Open(new LaunchEnvironment(rank, size, rank, host, port), patience ?? Patience);

    private async Task<TcpClient> KnockAsync()
    {
        while (true)
        {
            var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, port);
                return client;
            }
            catch (SocketException)
            {
                client.Dispose();
                await Task.Delay(20);
            }
        }
    }

    private static Task<T> Start<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}

using System.Net;
using System.Net.Sockets;

namespace ImgAlign.Tests;

/// <summary>Ports of this machine.</summary>
internal static class LocalPort
{
    /// <summary>One at which nobody listens now, and none of those that the system gives to whoever asks for any, or <c>.ci/services</c>
    /// takes.</summary>
    public static int Free()
    {
        while (true)
        {
            var port = Random.Shared.Next(10_000, 20_000);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody listens there.
            }
        }
    }
}

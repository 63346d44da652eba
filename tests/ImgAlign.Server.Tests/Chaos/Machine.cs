using System.Diagnostics;

namespace ImgAlign.Server.Tests.Chaos;

/// <summary>A machine of its own as far as the network goes: a namespace of Linux, with a link to this one that can be cut.</summary>
internal sealed class Machine : IDisposable
{
    /// <summary>What addresses of these machines, and of this one as they see it, begin with.</summary>
    public const string Network = "10.213";

    private readonly string name;
    private readonly string link;

    /// <param name="number">From 0; no two at the same time have the same one.</param>
    public Machine(int number)
    {
        (name, link, Host) = ($"imgalign-{number}", $"imgalign{number}", $"{Network}.{number}.1");
        Remove(); // of a run that was killed
        Ip($"netns add {name}");
        Ip($"link add {link} type veth peer name {link}p");
        Ip($"link set {link}p netns {name}");
        Ip($"addr add {Host}/30 dev {link}");
        Ip($"link set {link} up");
        Ip($"-n {name} addr add {Network}.{number}.2/30 dev {link}p");
        Ip($"-n {name} link set {link}p up");
        Ip($"-n {name} link set lo up");
    }

    /// <summary>The address of this machine, as that one sees it.</summary>
    public string Host { get; }

    /// <summary>A worker on that machine.</summary>
    /// <param name="arguments">What the tool is called with.</param>
    /// <param name="environment">Where database and results are.</param>
    /// <param name="log">The file that its log is added to.</param>
    public Process Start(IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string?>> environment, string log)
    {
        string[] shell = ["netns", "exec", name, "sh", "-c", "exec \"$@\" >> \"$0\" 2>&1", log, "dotnet", "exec", ServeProcess.Tool];
        var start = new ProcessStartInfo("ip", [.. shell, .. arguments]);
        foreach (var (key, value) in environment)
            start.Environment[key] = value;
        return Process.Start(start)!; // ip and sh hand their process on
    }

    public void Cut() => Ip($"link set {link} down");

    public void Mend() => Ip($"link set {link} up");

    public void Dispose() => Remove();

    private void Remove()
    {
        if (Directory.Exists($"/sys/class/net/{link}"))
            Ip($"link del {link}");
        if (File.Exists($"/run/netns/{name}"))
            Ip($"netns del {name}");
    }

    private static void Ip(string arguments)
    {
        using var process = Process.Start("ip", arguments.Split(' '));
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"ip {arguments} failed; it needs root, and Debian's iproute2.");
    }
}

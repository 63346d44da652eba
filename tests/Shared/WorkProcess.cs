using System.Diagnostics;

namespace ImgAlign.Tests;

/// <summary><c>imgalign work</c> in a process of its own, until this is disposed of; its queue is in a folder.</summary>
internal sealed class WorkProcess : IDisposable
{
    private readonly Process process;

    /// <summary>Starts it.</summary>
    /// <param name="data">The folder of the queue.</param>
    /// <param name="options">Further options.</param>
    public WorkProcess(string data, params IEnumerable<string> options)
    {
        var tool = Path.Combine(AppContext.BaseDirectory, "ImgAlign.Cli.dll");
        var start = new ProcessStartInfo("dotnet", ["exec", tool, "work", "--data", data, .. options]);
        start.Environment["IMGALIGN_POSTGRES"] = null;
        process = Process.Start(start)!;
    }

    /// <summary>Ends it as the kernel does when memory is short: at once.</summary>
    public void Kill() => process.Kill();

    public void Dispose()
    {
        process.Kill();
        process.WaitForExit(); // it writes into folders that are deleted
        process.Dispose();
    }
}

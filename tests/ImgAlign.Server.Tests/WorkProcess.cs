using System.Diagnostics;

namespace ImgAlign.Server.Tests;

/// <summary><c>imgalign work</c> in a process of its own, until this is disposed of.</summary>
/// <param name="data">The folder of data.</param>
/// <param name="options">Further options.</param>
internal sealed class WorkProcess(string data, params IEnumerable<string> options) : IDisposable
{
    private readonly Process process = Process.Start("dotnet", ["exec", ServeProcess.Tool, "work", "--data", data, .. options]);

    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}

using System.Diagnostics.CodeAnalysis;
using ImgAlign.Cli;
using ImgAlign.Runtime;
using TorchSharp;

namespace ImgAlign.Tests;

/// <summary>What tests run in a process of its own, since it may end that process: <c>dotnet exec ImgAlign.Tests.dll NAME</c>.</summary>
internal static class ChildProgram
{
    /// <summary>A bfloat16 product on the device's thread, and then a null reference there that is caught.</summary>
    public const string NullReferenceAfterProduct = "null-reference-after-product";

    /// <summary>The tool <c>imgalign</c>; its arguments follow.</summary>
    public const string Tool = "tool";

    private static async Task<int> Main(string[] arguments)
    {
        if (arguments is [Tool, .. var words])
            return await CommandLineProgram.RunAsync(words, Console.Out, Console.Error, CancellationToken.None);
        if (arguments is not [NullReferenceAfterProduct])
            return 2;
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        await runtime.RunAsync(() =>
        {
            _ = torch.ones([512, 512], dtype: torch.bfloat16).mm(torch.ones([512, 512], dtype: torch.bfloat16));
            CatchNullReference();
        });
        Console.WriteLine("survived");
        return 0;
    }

    [SuppressMessage("Usage", "CA1806", Justification = "The length is read for its null check.")]
    private static void CatchNullReference()
    {
        try
        {
            _ = Environment.GetEnvironmentVariable("IMGALIGN_NEVER_SET")!.Length;
        }
        catch (NullReferenceException)
        {
            // The thread can handle it.
        }
    }
}

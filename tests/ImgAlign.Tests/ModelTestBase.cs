using ImgAlign.Runtime;
using ImgAlign.Tests.Checkpoints;

namespace ImgAlign.Tests;

/// <summary>Tests of models that are made of files: a folder for what they write, and a device.</summary>
public abstract class ModelTestBase : IDisposable
{
    private protected ModelTestBase(RuntimeOptions? options = null) =>
        Runtime = new DeviceRuntime(options ?? new RuntimeOptions { Threads = 1 });

    private protected TemporaryFolder Folder { get; } = new();

    private protected DeviceRuntime Runtime { get; }

    public void Dispose()
    {
        Runtime.Dispose();
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }
}

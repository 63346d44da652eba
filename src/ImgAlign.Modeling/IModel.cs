using ImgAlign.Runtime;

namespace ImgAlign;

/// <summary>
/// What a run is computed with: a network, or several that work together. Its methods are synchronous and run on the worker thread of its
/// device, <see cref="DeviceRuntime.RunAsync{TResult}"/>. Arguments are borrowed; results are disposed by the caller.
/// </summary>
public interface IModel : IDisposable
{
    /// <summary>The name in records and messages, such as <c>SDXL</c>.</summary>
    string Name { get; }

    /// <summary>The device that it computes on.</summary>
    DeviceRuntime Runtime { get; }
}

using System.Runtime.InteropServices;

namespace ImgAlign.Runtime;

/// <summary>
/// Recognises that a device ran out of memory. libtorch throws a c10::OutOfMemoryError for a GPU and a plain c10::Error for the CPU;
/// TorchSharp keeps of either only the message, in an <see cref="ExternalException"/> without a code (<c>torch.CheckForErrors</c>), so that
/// the two phrases that libtorch uses have to do. They are English in every locale.
/// </summary>
public static class OutOfMemory
{
    /// <summary>Whether an exception of libtorch says so.</summary>
    /// <param name="exception">The exception.</param>
    public static bool Is(ExternalException exception) =>
        exception.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase)
        || exception.Message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase);
}

using System.Runtime.InteropServices;

namespace ImgAlign.Running;

/// <summary>Recognises that a device ran out of memory: libtorch's exceptions come without a type of their own, so that its messages have to do.</summary>
internal static class OutOfMemory
{
    public static bool Is(ExternalException exception) =>
        exception.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase) ||
        exception.Message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase);
}

using System.Text;
using ImgAlign.Checkpoints;
using ImgAlign.Imaging;

namespace ImgAlign.Cli.Align;

/// <summary>Writes what one run made into a folder of its own. Each file appears when it is complete, or not at all.</summary>
internal static class AlignOutput
{
    /// <summary>Writes <c>before.png</c>, <c>after.png</c>, <c>side-by-side.png</c> and, last, <c>record.json</c>.</summary>
    /// <param name="folder">The folder; it is created, and files of an earlier run are replaced.</param>
    /// <param name="result">The pictures.</param>
    /// <param name="record">The record.</param>
    public static void Write(string folder, AlignmentResult result, AlignRecord record)
    {
        Directory.CreateDirectory(folder);
        ImageFile.SavePng(Path.Combine(folder, "before.png"), result.BaseImage);
        ImageFile.SavePng(Path.Combine(folder, "after.png"), result.Image);
        ImageFile.SavePng(Path.Combine(folder, "side-by-side.png"), SideBySide.Join(SideBySide.Enlarge(result.BaseImage), SideBySide.Enlarge(result.Image)));
        AtomicFile.Write(Path.Combine(folder, "record.json"), file => file.Write(Encoding.UTF8.GetBytes(record.ToJson())));
    }
}

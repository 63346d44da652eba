using System.Globalization;
using ImgAlign.Imaging;

namespace ImgAlign.Cli.Jobs;

/// <summary>Keeps previews: those of a job in the order in which they were made, <c>NAME/0001-round-0-step-1.png</c>.</summary>
/// <param name="root">The folder; what earlier runs have left there is replaced.</param>
internal sealed class PreviewFolder(string root)
{
    private readonly Dictionary<string, int> written = [];

    /// <summary>Writes one.</summary>
    /// <param name="preview">The preview.</param>
    /// <param name="jobs">The jobs of the run's items.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(PreviewReady preview, IReadOnlyList<PictureJob> jobs)
    {
        var name = jobs[preview.Item].Name;
        var number = written[name] = written.GetValueOrDefault(name) + 1;
        var folder = Path.Combine(Path.GetFullPath(root), name);
        if (number == 1 && Directory.Exists(folder))
            Array.ForEach(Directory.GetFiles(folder, "????-round-*-step-*.png"), File.Delete);
        Directory.CreateDirectory(folder);
        var file = string.Create(CultureInfo.InvariantCulture, $"{number:0000}-round-{preview.Round}-step-{preview.Evaluation}.png");
        ImageFile.SavePng(Path.Combine(folder, file), preview.Image);
    }
}

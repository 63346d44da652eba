using System.Text;
using ImgAlign.Checkpoints;
using ImgAlign.Imaging;

namespace ImgAlign.Cli.Jobs;

/// <summary>The results of a generation: a picture <c>NAME.png</c> for each job, with its record <c>NAME.json</c> beside it.</summary>
/// <param name="root">The folder that they are in.</param>
/// <param name="overwrite">Whether results of earlier runs are replaced.</param>
/// <param name="metadata">What pictures carry of their making.</param>
internal sealed class ResultFiles(string root, bool overwrite, PictureMetadata metadata) : IResults
{
    private readonly string root = Path.GetFullPath(root);

    /// <inheritdoc/>
    public void Require(IEnumerable<string> names)
    {
        foreach (var name in names)
            OutputPath.RequireAbsent(PictureOf(name), overwrite);
        OutputPath.RequireWritable(root);
    }

    /// <inheritdoc/>
    public string? FindRecord(string name) => File.Exists(PictureOf(name)) && File.Exists(RecordOf(name)) ? RecordOf(name) : null;

    /// <summary>Writes a result. The picture comes last, so that one that is there is complete.</summary>
    /// <returns>The picture's file.</returns>
    /// <exception cref="IOException">A file cannot be written.</exception>
    public string Write(string name, RgbImage image, GenerationRecord record)
    {
        Directory.CreateDirectory(root);
        AtomicFile.Write(RecordOf(name), file => file.Write(Encoding.UTF8.GetBytes(RecordJson.Write(record))));
        ImageFile.SavePng(PictureOf(name), image, metadata.Of(record));
        return PictureOf(name);
    }

    private string PictureOf(string name) => Path.Combine(root, $"{name}.png");

    private string RecordOf(string name) => Path.Combine(root, $"{name}.json");
}

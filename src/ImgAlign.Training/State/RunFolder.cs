using System.Globalization;
using System.Text;
using ImgAlign.Checkpoints;

namespace ImgAlign.Training.State;

/// <summary>
/// The folder of a run: <c>checkpoints/step-N</c>, each complete or not there; <c>latest</c>, a file with the newest one's name;
/// <c>metrics.jsonl</c> and <c>loss.svg</c>.
/// </summary>
internal sealed class RunFolder(string path)
{
    private const string Unfinished = ".part";

    public string Path => path;

    public string MetricsFile => System.IO.Path.Combine(path, "metrics.jsonl");

    public string PlotFile => System.IO.Path.Combine(path, "loss.svg");

    private string Pointer => System.IO.Path.Combine(path, "latest");

    private string Checkpoints => System.IO.Path.Combine(path, "checkpoints");

    /// <summary>The newest complete checkpoint's folder, or null where there is none.</summary>
    public string? FindLatest() => File.Exists(Pointer) ? System.IO.Path.Combine(Checkpoints, File.ReadAllText(Pointer).Trim()) : null;

    /// <summary>A checkpoint's folder by its name.</summary>
    /// <exception cref="ImgAlignException">This process does not see it.</exception>
    public string FindCheckpoint(string name) =>
        System.IO.Path.Combine(Checkpoints, name) is var folder && Directory.Exists(folder)
            ? folder
            : throw new ImgAlignException(
                $"{folder}: the first process goes on from this checkpoint, but it is not here; give all processes the same folder."
            );

    /// <summary>Removes what a run that was killed has left behind: unfinished checkpoints, and those newer than the latest that
    /// counts.</summary>
    public void Clean()
    {
        Directory.CreateDirectory(Checkpoints);
        var latest = FindLatest();
        foreach (
            var folder in Directory
                .EnumerateDirectories(Checkpoints)
                .Where(folder => latest is null || string.CompareOrdinal(folder, latest) > 0)
        )
            Directory.Delete(folder, recursive: true);
    }

    /// <summary>Writes a checkpoint: beside its place first, then renamed, then named as the latest. A process may be killed at any
    /// moment.</summary>
    /// <param name="step">The steps done.</param>
    /// <param name="keep">The number of checkpoints to keep.</param>
    /// <param name="write">Writes the files into the folder that it is given.</param>
    public void WriteCheckpoint(long step, int keep, Action<string> write)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"step-{step:D10}");
        var folder = System.IO.Path.Combine(Checkpoints, name);
        if (!Directory.Exists(folder))
        {
            var unfinished = folder + Unfinished;
            if (Directory.Exists(unfinished))
                Directory.Delete(unfinished, recursive: true);
            Directory.CreateDirectory(unfinished);
            write(unfinished);
            Directory.Move(unfinished, folder);
        }
        AtomicFile.Write(Pointer, file => file.Write(Encoding.ASCII.GetBytes(name)));
        foreach (var old in Directory.EnumerateDirectories(Checkpoints).OrderDescending(StringComparer.Ordinal).Skip(keep))
            Directory.Delete(old, recursive: true);
    }

    /// <summary>A folder for the data of a step that failed.</summary>
    public string CreateFailureFolder(long step, int rank) =>
        Directory
            .CreateDirectory(
                System.IO.Path.Combine(path, string.Create(CultureInfo.InvariantCulture, $"failed-step-{step}-process-{rank}"))
            )
            .FullName;
}

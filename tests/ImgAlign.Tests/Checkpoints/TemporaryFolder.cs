using ImgAlign.Checkpoints;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Checkpoints;

/// <summary>A folder for one test, deleted after it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("imgalign-tests-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file, in a folder below this one if the name says so.</summary>
    public string Write(string name, byte[] contents)
    {
        var path = File(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllBytes(path, contents);
        return path;
    }

    public string Write(string name, string contents) => Write(name, System.Text.Encoding.UTF8.GetBytes(contents));

    /// <summary>Links the entries of a folder.</summary>
    /// <param name="source">That folder.</param>
    /// <param name="into">Where to, below this one.</param>
    /// <param name="isLeftOut">Says by its name whether an entry is left out.</param>
    public void Link(string source, string into = "", Predicate<string>? isLeftOut = null)
    {
        Directory.CreateDirectory(File(into));
        foreach (var entry in Directory.EnumerateFileSystemEntries(source))
        {
            var name = System.IO.Path.GetFileName(entry);
            if (isLeftOut?.Invoke(name) != true)
                System.IO.File.CreateSymbolicLink(System.IO.Path.Combine(File(into), name), entry);
        }
    }

    /// <summary>Writes the tensors of a checkpoint anew, with a change.</summary>
    /// <param name="name">The file to write.</param>
    /// <param name="source">The checkpoint.</param>
    /// <param name="change">Gives the tensors to write, by their names.</param>
    /// <returns>The file.</returns>
    public string Rewrite(
        string name,
        string source,
        Func<IReadOnlyList<KeyValuePair<string, Tensor>>, IEnumerable<KeyValuePair<string, Tensor>>> change
    )
    {
        using var scope = NewDisposeScope();
        using var released = Checkpoint.Open(source);
        SafetensorsWriter.Write(
            File(name),
            change([.. released.Tensors.Keys.Select(tensor => KeyValuePair.Create(tensor, released.Read(tensor)))]).ToDictionary()
        );
        return File(name);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

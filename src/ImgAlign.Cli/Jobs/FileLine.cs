namespace ImgAlign.Cli.Jobs;

/// <summary>A line of a file, for messages about it.</summary>
/// <param name="Path">The file.</param>
/// <param name="Number">The line, from 1.</param>
internal readonly record struct FileLine(string Path, int Number)
{
    /// <summary>An error in this line.</summary>
    public ImgAlignException Error(string what) => new($"{Path}: line {Number}: {what}.");
}

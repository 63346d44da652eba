namespace ImgAlign.Training.Data;

/// <summary>Some pairs that lie behind each other in one file of a <see cref="PairSource"/>.</summary>
/// <param name="File">The file, relative to the data's path.</param>
/// <param name="First">The first row or line, from 0.</param>
/// <param name="Count">The number of rows or lines.</param>
internal sealed record PairRange(string File, long First, int Count);

namespace ImgAlign.Training;

/// <summary>One sample of a training run.</summary>
/// <param name="Position">Its place in the run, from 0.</param>
/// <param name="Index">Its place in the data set, from 0.</param>
/// <param name="Seed">The seed of everything that is random about it: noise, timestep, question.</param>
public readonly record struct SampleDraw(long Position, int Index, long Seed);

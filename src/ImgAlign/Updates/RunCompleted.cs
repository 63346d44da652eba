namespace ImgAlign;

/// <summary>The run is over: the last update of a stream.</summary>
/// <typeparam name="TResult">What it gives.</typeparam>
/// <param name="result">What it gives.</param>
public sealed class RunCompleted<TResult>(TResult result) : RunUpdate
{
    /// <summary>What the run gives.</summary>
    public TResult Result { get; } = result;
}

namespace ImgAlign;

/// <summary>
/// Everything about prompts, image prompts and sizes that stays the same in all steps of a generation, prepared once
/// (keys and values of the prompts, for example). Made by <see cref="IDiffusionBackbone.Condition"/>, owned by the caller.
/// </summary>
public abstract class Conditioning : IDisposable
{
    /// <summary>The number of samples that it conditions at once.</summary>
    public abstract int Batch { get; }

    /// <summary>Frees the prepared tensors.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the prepared tensors.</summary>
    /// <param name="disposing">Always true: there is no finalizer.</param>
    protected abstract void Dispose(bool disposing);
}

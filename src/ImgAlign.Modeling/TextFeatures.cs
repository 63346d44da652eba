namespace ImgAlign;

/// <summary>
/// Encoded prompts, one row a prompt. What a row consists of is the backbone's own matter: its encoder makes them and its network reads
/// them. Owns its tensors.
/// </summary>
public abstract class TextFeatures : IDisposable
{
    /// <summary>The number of prompts, B.</summary>
    public abstract int Batch { get; }

    /// <summary>Copies rows, any of them any number of times.</summary>
    /// <param name="rows">Their positions, from 0.</param>
    /// <returns>As many rows as there are positions; disposed by the caller.</returns>
    public abstract TextFeatures Select(IReadOnlyList<int> rows);

    /// <summary>These rows, followed by others of the same backbone.</summary>
    /// <param name="others">The other rows; borrowed.</param>
    /// <returns>All rows; disposed by the caller.</returns>
    public abstract TextFeatures Concat(TextFeatures others);

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the tensors.</summary>
    /// <param name="disposing">Always true: there is no finalizer.</param>
    protected abstract void Dispose(bool disposing);
}

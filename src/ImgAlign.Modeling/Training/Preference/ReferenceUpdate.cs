namespace ImgAlign.Training.Preference;

/// <summary>
/// When the reference aligner is replaced by the current one: after k steps in a row in which the current one was nearer to the preferred
/// features (IMG, Eq. 18). Equally near does not count, and the count begins anew after a replacement.
/// </summary>
/// <param name="k">The number of steps in a row (IMG: 10).</param>
public sealed class ReferenceUpdate(int k)
{
    /// <summary>The successes in a row so far.</summary>
    public long Streak { get; set; }

    /// <summary>The replacements so far.</summary>
    public long Count { get; set; }

    /// <summary>Takes note of a step.</summary>
    /// <param name="error">The batch's mean of <c>ms(c_w - f)</c>.</param>
    /// <param name="referenceError">The batch's mean of <c>ms(c_w - f_ref)</c>.</param>
    /// <returns>Whether the reference is to be replaced, after the optimiser's step.</returns>
    public bool Record(double error, double referenceError)
    {
        Streak = error < referenceError ? Streak + 1 : 0;
        if (Streak < k)
            return false;
        Streak = 0;
        Count++;
        return true;
    }
}

namespace ImgAlign.Testing.Golden;

/// <summary>When two numbers count as equal: <c>|x - y| &lt;= atol + rtol |y|</c>, y being the reference.</summary>
/// <param name="atol">Absolute part.</param>
/// <param name="rtol">Relative part.</param>
public readonly struct Tolerance(double atol, double rtol)
{
    /// <summary>Absolute part.</summary>
    public double Atol { get; } = atol;

    /// <summary>Relative part.</summary>
    public double Rtol { get; } = rtol;
}

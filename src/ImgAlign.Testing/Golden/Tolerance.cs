namespace ImgAlign.Testing.Golden;

/// <summary>When two numbers count as equal: <c>|x - y| &lt;= atol + rtol |y|</c>, y being the reference.</summary>
/// <param name="Atol">Absolute part.</param>
/// <param name="Rtol">Relative part.</param>
public readonly record struct Tolerance(double Atol, double Rtol);

namespace ImgAlign.Cli.Checks;

/// <summary>How a check ended.</summary>
internal enum DoctorVerdict
{
    /// <summary>As it should be.</summary>
    Fine,

    /// <summary>Works, but not as well as it could.</summary>
    Warning,

    /// <summary>ImgAlign cannot work.</summary>
    Problem,
}

/// <summary>One thing that was looked at.</summary>
/// <param name="Subject">What it is, such as <c>libtorch</c>.</param>
/// <param name="Verdict">How it is.</param>
/// <param name="Finding">What was found, in one sentence.</param>
/// <param name="Mend">What to do about it; null when it is fine.</param>
internal sealed record DoctorCheck(string Subject, DoctorVerdict Verdict, string Finding, string? Mend = null);

namespace ImgAlign.Runtime;

/// <summary>One thing that was looked at.</summary>
/// <param name="Subject">What it is, such as <c>libtorch</c>.</param>
/// <param name="Verdict">How it is.</param>
/// <param name="Finding">What was found, in one sentence.</param>
/// <param name="Remedy">What to do about it; null when it is fine.</param>
public sealed record DoctorCheck(string Subject, DoctorVerdict Verdict, string Finding, string? Remedy = null);

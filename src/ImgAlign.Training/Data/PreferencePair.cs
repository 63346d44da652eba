namespace ImgAlign.Training.Data;

/// <summary>Two pictures of one prompt, of which people preferred one.</summary>
/// <param name="Caption">The prompt.</param>
/// <param name="Preferred">The file of the preferred picture.</param>
/// <param name="Rejected">The file of the other one.</param>
public sealed record PreferencePair(string Caption, string Preferred, string Rejected);

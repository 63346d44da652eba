namespace ImgAlign.Training.Preference;

/// <summary>Which terms the aligner is trained with (IMG, table of ablations).</summary>
public enum PreferenceTerms
{
    /// <summary><c>L_base</c> and the whole of <c>L_pref</c> (IMG, Eq. 7).</summary>
    Full,

    /// <summary><c>L_base</c>, and <c>L_pref</c> without SPIN's part: preferred against non-preferred features only.</summary>
    DpoOnly,

    /// <summary><c>L_base</c> alone (IMG, Eq. 4).</summary>
    BaseOnly,
}

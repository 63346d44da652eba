namespace ImgAlign.Runtime;

/// <summary>How a check ended.</summary>
public enum DoctorVerdict
{
    /// <summary>As it should be.</summary>
    Fine,

    /// <summary>Works, but not as well as it could.</summary>
    Warning,

    /// <summary>ImgAlign cannot work.</summary>
    Problem,
}

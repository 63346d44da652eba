namespace ImgAlign.Backbones;

/// <summary>When an autoencoder works tile by tile.</summary>
public enum VaeTiling
{
    /// <summary>Where a run is estimated not to fit otherwise; its report says so.</summary>
    WhereNeeded,

    /// <summary>For every picture larger than a tile.</summary>
    Always,

    /// <summary>Never: a run that does not fit is refused.</summary>
    Never,
}

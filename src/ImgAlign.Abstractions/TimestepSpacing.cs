namespace ImgAlign;

/// <summary>Which timesteps of training a generation goes through (Lin et al., 2023, table 2).</summary>
public enum TimestepSpacing
{
    /// <summary>Evenly, from the first one on, so that the last one of training is left out.</summary>
    Leading,

    /// <summary>Evenly, down from the last one, so that the first one is left out.</summary>
    Trailing,

    /// <summary>Evenly between the last one and the first.</summary>
    Linspace,
}

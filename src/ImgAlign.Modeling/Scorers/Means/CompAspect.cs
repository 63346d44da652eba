namespace ImgAlign.Scorers.Means;

/// <summary>What T2I-CompBench's evaluators look at in a complex prompt's picture.</summary>
public enum CompAspect
{
    /// <summary>Attributes of objects.</summary>
    Attribute,

    /// <summary>Where objects are.</summary>
    Spatial,

    /// <summary>What objects do.</summary>
    Action,
}

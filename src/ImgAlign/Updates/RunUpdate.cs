namespace ImgAlign;

/// <summary>News of a run in progress. The kinds are the classes derived from it, and no others.</summary>
public abstract class RunUpdate
{
    private protected RunUpdate() { }

    /// <summary>How much of the run is done, from 0 to 1; it never falls.</summary>
    public double Progress { get; internal set; }
}

namespace ImgAlign.Cli.Align;

/// <summary>Which ShapeWorld runs, where it is the model; what is null is as it comes with the tool.</summary>
internal sealed class ShapeWorldOptions
{
    /// <summary>The folder of a trained world.</summary>
    public string? Path { get; set; }

    /// <summary>The folder of what was trained for ablations.</summary>
    public string? AblationsPath { get; set; }

    /// <summary>The name of an ablation that takes the place of detector and aligner.</summary>
    public string? Ablation { get; set; }
}

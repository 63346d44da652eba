namespace ImgAlign.Imaging;

/// <summary>How many patches an image has.</summary>
/// <param name="Rows">Patches from top to bottom.</param>
/// <param name="Columns">Patches from left to right.</param>
public readonly record struct PatchGrid(int Rows, int Columns)
{
    /// <summary>All patches.</summary>
    public int Count => Rows * Columns;
}

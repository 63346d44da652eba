using ImgAlign.Imaging;

namespace ImgAlign.Networks.Qwen;

/// <summary>
/// The order in which the vision tower holds patches: image by image, and within an image window by window, row by row; the windows at the
/// right and lower edges are smaller. Merged cells stay together.
/// </summary>
/// <param name="Cells">The merged cells of all images in that order, each by its place in the order in which they came.</param>
/// <param name="Rows">The row of each patch in its image, in that order.</param>
/// <param name="Columns">The column of each patch in its image, in that order.</param>
/// <param name="WindowLengths">The patches of each window.</param>
/// <param name="ImageLengths">The patches of each image.</param>
public sealed record PatchLayout(
    IReadOnlyList<long> Cells,
    IReadOnlyList<long> Rows,
    IReadOnlyList<long> Columns,
    IReadOnlyList<int> WindowLengths,
    IReadOnlyList<int> ImageLengths
)
{
    /// <summary>Orders the patches of images.</summary>
    /// <param name="grids">The patches of each image.</param>
    /// <param name="config">The tower.</param>
    /// <exception cref="ArgumentException">A grid is not of whole merged cells.</exception>
    public static PatchLayout Create(IReadOnlyList<PatchGrid> grids, QwenVisionConfig config)
    {
        var (merge, side) = (config.SpatialMergeSize, config.WindowCells);
        var (cells, rows, columns) = (new List<long>(), new List<long>(), new List<long>());
        var windowLengths = new List<int>();
        var firstCell = 0;
        foreach (var grid in grids)
        {
            if (grid.Rows < 1 || grid.Columns < 1 || grid.Rows % merge != 0 || grid.Columns % merge != 0)
                throw new ArgumentException(
                    $"An image of {grid.Rows} x {grid.Columns} patches is not of whole cells of {merge} x {merge}.",
                    nameof(grids)
                );
            var (height, width) = (grid.Rows / merge, grid.Columns / merge);
            foreach (var window in Windows(height, width, side))
            {
                foreach (var (cellRow, cellColumn) in window)
                {
                    cells.Add(firstCell + cellRow * width + cellColumn);
                    var patches = Area(cellRow * merge, merge, cellColumn * merge, merge).ToList();
                    rows.AddRange(patches.Select(static patch => (long)patch.Row));
                    columns.AddRange(patches.Select(static patch => (long)patch.Column));
                }
                windowLengths.Add(window.Count * config.CellPatches);
            }
            firstCell += height * width;
        }
        return new PatchLayout(cells, rows, columns, windowLengths, [.. grids.Select(static grid => grid.Count)]);
    }

    // The merged cells of each window.
    private static IEnumerable<List<(int Row, int Column)>> Windows(int height, int width, int side)
    {
        for (var top = 0; top < height; top += side)
        for (var left = 0; left < width; left += side)
            yield return [.. Area(top, Math.Min(side, height - top), left, Math.Min(side, width - left))];
    }

    private static IEnumerable<(int Row, int Column)> Area(int top, int height, int left, int width) =>
        from row in Enumerable.Range(top, height)
        from column in Enumerable.Range(left, width)
        select (row, column);
}

namespace ImgAlign.ShapeWorld.Scenes;

/// <summary>Areas of pixels that touch each other, also at corners.</summary>
internal static class ConnectedAreas
{
    /// <summary>Finds all areas.</summary>
    /// <param name="mask">Which pixels belong to one, row by row.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <returns>The pixels of each area.</returns>
    public static IEnumerable<IReadOnlyList<int>> Find(bool[] mask, int width)
    {
        var size = new ImageSize(width, mask.Length / width);
        var isOpen = (bool[])mask.Clone();
        for (var start = 0; start < mask.Length; start++)
        {
            if (!isOpen[start])
                continue;
            var area = new List<int> { start };
            isOpen[start] = false;
            for (var next = 0; next < area.Count; next++)
            {
                foreach (var neighbour in Neighbours(area[next], size).Where(pixel => isOpen[pixel]))
                {
                    isOpen[neighbour] = false;
                    area.Add(neighbour);
                }
            }
            yield return area;
        }
    }

    /// <summary>An area and the pixels around it, where its edge fades.</summary>
    public static IEnumerable<int> Grow(IReadOnlyList<int> area, ImageSize size) =>
        area.Concat(area.SelectMany(pixel => Neighbours(pixel, size))).Distinct();

    private static IEnumerable<int> Neighbours(int pixel, ImageSize size)
    {
        var (row, column) = Math.DivRem(pixel, size.Width);
        for (var y = Math.Max(row - 1, 0); y <= Math.Min(row + 1, size.Height - 1); y++)
        {
            for (var x = Math.Max(column - 1, 0); x <= Math.Min(column + 1, size.Width - 1); x++)
                if (y != row || x != column)
                    yield return y * size.Width + x;
        }
    }
}

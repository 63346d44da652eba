namespace ImgAlign.Sampling;

/// <summary>Small systems of linear equations.</summary>
internal static class LinearSystem
{
    /// <summary>Solves a system by Gaussian elimination with pivoting.</summary>
    /// <param name="rows">The coefficients, a row an equation; changed.</param>
    /// <param name="right">The right side; changed.</param>
    /// <returns>The unknowns; not finite where the equations depend on each other.</returns>
    public static double[] Solve(double[][] rows, double[] right)
    {
        var count = right.Length;
        for (var column = 0; column < count; column++)
        {
            var pivot = Enumerable.Range(column, count - column).MaxBy(row => Math.Abs(rows[row][column]));
            (rows[column], rows[pivot], right[column], right[pivot]) = (rows[pivot], rows[column], right[pivot], right[column]);
            for (var row = column + 1; row < count; row++)
            {
                var factor = rows[row][column] / rows[column][column];
                for (var i = column; i < count; i++) rows[row][i] -= factor * rows[column][i];
                right[row] -= factor * right[column];
            }
        }
        for (var row = count - 1; row >= 0; row--)
        {
            for (var i = row + 1; i < count; i++) right[row] -= rows[row][i] * right[i];
            right[row] /= rows[row][row];
        }
        return right;
    }
}

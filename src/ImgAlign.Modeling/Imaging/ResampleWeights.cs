namespace ImgAlign.Imaging;

/// <summary>
/// What each output pixel of one axis takes from which input pixels, as Pillow's <c>precompute_coeffs</c> and <c>normalize_coeffs_8bpc</c>
/// give it: the filter is widened by the scale when an image shrinks, and its weights are rounded to 22 fractional bits.
/// </summary>
internal sealed class ResampleWeights
{
    /// <summary>The fractional bits of a weight.</summary>
    public const int Bits = 22;

    private readonly int[] starts;
    private readonly int[][] weights;

    /// <summary>Computes the weights.</summary>
    /// <param name="inputSize">Pixels of the input along the axis.</param>
    /// <param name="outputSize">Pixels of the whole output along the axis.</param>
    /// <param name="filter">A filter other than <see cref="ResampleFilter.Nearest"/>.</param>
    /// <param name="from">The first output pixel that is wanted.</param>
    /// <param name="count">How many output pixels are wanted.</param>
    public ResampleWeights(int inputSize, int outputSize, ResampleFilter filter, int from, int count)
    {
        starts = new int[count];
        weights = new int[count][];
        for (var x = 0; x < count; x++)
        {
            (starts[x], var exact) = Exact(inputSize, outputSize, filter, from + x);
            weights[x] = Array.ConvertAll(exact, Fixed);
        }

        static int Fixed(double weight) => (int)(weight * (1 << Bits) + (weight < 0 ? -0.5 : 0.5));
    }

    /// <summary>The weights of one output pixel before they are rounded, and the first input pixel that they are for.</summary>
    /// <param name="inputSize">Pixels of the input along the axis.</param>
    /// <param name="outputSize">Pixels of the whole output along the axis.</param>
    /// <param name="filter">A filter other than <see cref="ResampleFilter.Nearest"/>.</param>
    /// <param name="output">The output pixel.</param>
    public static (int Start, double[] Weights) Exact(int inputSize, int outputSize, ResampleFilter filter, int output)
    {
        var (function, radius) = Kernel(filter);
        var scale = (double)inputSize / outputSize;
        var widening = Math.Max(scale, 1);
        var support = radius * widening;
        var centre = (output + 0.5) * scale;
        var start = Math.Max((int)(centre - support + 0.5), 0);
        var end = Math.Min((int)(centre + support + 0.5), inputSize);
        var exact = new double[end - start];
        for (var i = 0; i < exact.Length; i++)
            exact[i] = function((start + i - centre + 0.5) * (1 / widening));
        var sum = 0.0;
        foreach (var weight in exact)
            sum += weight;
        return (start, Array.ConvertAll(exact, weight => sum == 0 ? weight : weight / sum));
    }

    /// <summary>The first input pixel that any output pixel needs.</summary>
    public int FirstInput => starts[0];

    /// <summary>One past the last input pixel that any output pixel needs.</summary>
    public int EndInput => starts[^1] + weights[^1].Length;

    /// <summary>The first input pixel and the weights of one output pixel, counted from the first that is wanted.</summary>
    public (int Start, ReadOnlyMemory<int> Weights) this[int output] => (starts[output], weights[output]);

    private static (Func<double, double> Function, double Radius) Kernel(ResampleFilter filter) =>
        filter switch
        {
            ResampleFilter.Box => (x => x is > -0.5 and <= 0.5 ? 1 : 0, 0.5),
            ResampleFilter.Bilinear => (x => Math.Max(1 - Math.Abs(x), 0), 1),
            ResampleFilter.Hamming => (x => Math.Abs(x) < 1 ? Sinc(x) * (0.54 + 0.46 * Math.Cos(Math.PI * x)) : 0, 1),
            ResampleFilter.Bicubic => (Cubic, 2),
            ResampleFilter.Lanczos => (x => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0, 3),
            _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "This is no filter of ResampleFilter with weights."),
        };

    private static double Cubic(double x)
    {
        const double a = -0.5;
        x = Math.Abs(x);
        if (x < 1)
            return ((a + 2) * x - (a + 3)) * x * x + 1;
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);
}

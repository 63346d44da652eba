using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign;

/// <summary>
/// Sums of tensors, and arithmetic of tensors and numbers, safe beside other threads; what TorchSharp's operators <c>a + b</c> and
/// <c>x * 2.0</c> are not.
/// </summary>
/// <remarks>
/// TorchSharp 0.107 makes each number into a <see cref="Scalar"/>, also the factor 1 that is hidden in <c>a + b</c>, <c>a.add_(b)</c>,
/// <c>arange(n)</c> and <c>x.square()</c>, and hands only its native handle to libtorch. Nothing refers to the object any more during that
/// call, so that a garbage collection, which any thread may cause, can have it finalized and its memory freed while libtorch reads it: a
/// wrong number, or "Expected false to be true" from <c>c10/core/Scalar.h</c>. Here each scalar lives until the call is over. The native
/// functions are the same as the operators', and so are the results, to the bit.
/// <para> Differences, products and quotients of two tensors need no scalar and stay operators, as do functions that pass plain numbers on,
/// such as <c>softmax</c>, <c>gelu</c>, <c>layer_norm</c>, <c>normalize</c>, <c>cross_entropy</c> and <c>norm</c>. Compare with a tensor:
/// <c>x.gt(tensor(0))</c>. A test looks through the compiled code for what is left; there is nothing.
/// </para>
/// </remarks>
public static class TensorMath
{
    // They live as long as the process.
    private static readonly Scalar One = 1;
    private static readonly Scalar Two = 2;

    /// <summary><c>x + y</c>.</summary>
    /// <param name="x">A tensor.</param>
    /// <param name="y">A tensor; shapes broadcast.</param>
    /// <returns>A new tensor.</returns>
    public static Tensor Plus(Tensor x, Tensor y) => x.add(y, One);

    /// <summary><c>x + y</c>.</summary>
    /// <param name="x">A tensor.</param>
    /// <param name="y">A number.</param>
    /// <returns>A new tensor; floating-point, also when <paramref name="x"/> has integers.</returns>
    public static Tensor Plus(Tensor x, double y)
    {
        using Scalar number = y;
        return x.add(number, One);
    }

    /// <summary><c>x + y</c>.</summary>
    /// <param name="x">A tensor.</param>
    /// <param name="y">A whole number.</param>
    /// <returns>A new tensor of the type of <paramref name="x"/>.</returns>
    public static Tensor Plus(Tensor x, long y)
    {
        using Scalar number = y;
        return x.add(number, One);
    }

    /// <summary><c>x += y</c>.</summary>
    /// <param name="x">A tensor, which is changed.</param>
    /// <param name="y">A tensor; its shape broadcasts.</param>
    /// <returns><paramref name="x"/>.</returns>
    public static Tensor PlusInPlace(Tensor x, Tensor y) => x.add_(y, One);

    /// <summary><c>x += factor * y</c>.</summary>
    /// <param name="x">A tensor, which is changed.</param>
    /// <param name="y">A tensor; its shape broadcasts.</param>
    /// <param name="factor">What <paramref name="y"/> is multiplied by.</param>
    /// <returns><paramref name="x"/>.</returns>
    public static Tensor PlusInPlace(Tensor x, Tensor y, double factor)
    {
        using Scalar number = factor;
        return x.add_(y, number);
    }

    /// <summary><c>x += y</c>.</summary>
    /// <param name="x">A floating-point tensor, which is changed.</param>
    /// <param name="y">A number.</param>
    /// <returns><paramref name="x"/>.</returns>
    public static Tensor PlusInPlace(Tensor x, double y)
    {
        using Scalar number = y;
        return x.add_(number, One);
    }

    /// <summary><c>x + a * b</c>.</summary>
    /// <param name="x">A tensor.</param>
    /// <param name="a">A tensor; shapes broadcast.</param>
    /// <param name="b">A tensor; shapes broadcast.</param>
    /// <returns>A new tensor.</returns>
    public static Tensor PlusProduct(Tensor x, Tensor a, Tensor b) => x.addcmul(a, b, One);

    /// <summary><c>x += factor * a * b</c>.</summary>
    /// <param name="x">A tensor, which is changed.</param>
    /// <param name="a">A tensor; shapes broadcast.</param>
    /// <param name="b">A tensor; shapes broadcast.</param>
    /// <param name="factor">What the product is multiplied by.</param>
    /// <returns><paramref name="x"/>.</returns>
    public static Tensor PlusProductInPlace(Tensor x, Tensor a, Tensor b, long factor = 1)
    {
        using Scalar number = factor;
        return x.addcmul_(a, b, number);
    }

    /// <summary><c>x - y</c>.</summary>
    /// <param name="x">A tensor.</param>
    /// <param name="y">A number.</param>
    /// <returns>A new tensor; floating-point, also when <paramref name="x"/> has integers.</returns>
    public static Tensor Minus(Tensor x, double y)
    {
        using Scalar number = y;
        return x.sub(number);
    }

    /// <summary><c>x - y</c>.</summary>
    /// <param name="x">A tensor.</param>
    /// <param name="y">A whole number.</param>
    /// <returns>A new tensor of the type of <paramref name="x"/>.</returns>
    public static Tensor Minus(Tensor x, long y)
    {
        using Scalar number = y;
        return x.sub(number);
    }

    /// <summary><c>1 - x</c>.</summary>
    /// <param name="x">A tensor.</param>
    /// <returns>A new tensor of the type of <paramref name="x"/>.</returns>
    public static Tensor OneMinus(Tensor x)
    {
        using var negated = x.negative();
        return negated.add(One, One);
    }

    /// <summary><c>x * y</c>.</summary>
    /// <param name="x">A tensor.</param>
    /// <param name="y">A number.</param>
    /// <returns>A new tensor; floating-point, also when <paramref name="x"/> has integers.</returns>
    public static Tensor Times(Tensor x, double y)
    {
        using Scalar number = y;
        return x.mul(number);
    }

    /// <summary><c>x * y</c>.</summary>
    /// <param name="x">A tensor.</param>
    /// <param name="y">A whole number.</param>
    /// <returns>A new tensor of the type of <paramref name="x"/>.</returns>
    public static Tensor Times(Tensor x, long y)
    {
        using Scalar number = y;
        return x.mul(number);
    }

    /// <summary><c>x *= y</c>.</summary>
    /// <param name="x">A floating-point tensor, which is changed.</param>
    /// <param name="y">A number.</param>
    /// <returns><paramref name="x"/>.</returns>
    public static Tensor TimesInPlace(Tensor x, double y)
    {
        using Scalar number = y;
        return x.mul_(number);
    }

    /// <summary><c>x / y</c>.</summary>
    /// <param name="x">A tensor.</param>
    /// <param name="y">A number.</param>
    /// <returns>A new tensor; floating-point, also when <paramref name="x"/> has integers.</returns>
    public static Tensor DividedBy(Tensor x, double y)
    {
        using Scalar number = y;
        return x.div(number);
    }

    /// <summary><c>x /= y</c>.</summary>
    /// <param name="x">A floating-point tensor, which is changed.</param>
    /// <param name="y">A number.</param>
    /// <returns><paramref name="x"/>.</returns>
    public static Tensor DividedByInPlace(Tensor x, double y)
    {
        using Scalar number = y;
        return x.div_(number);
    }

    /// <summary><c>x^2</c>.</summary>
    /// <param name="x">A tensor.</param>
    /// <returns>A new tensor of the type of <paramref name="x"/>.</returns>
    public static Tensor Squared(Tensor x) => x.pow(Two);

    /// <summary>The nearest numbers that are within bounds.</summary>
    /// <param name="x">A floating-point tensor.</param>
    /// <param name="min">The lower bound, or null for none.</param>
    /// <param name="max">The upper bound, or null for none.</param>
    /// <returns>A new tensor of the type of <paramref name="x"/>.</returns>
    public static Tensor Clamp(Tensor x, double? min = null, double? max = null)
    {
        using Scalar? lowest = min is { } lower ? lower : null;
        using Scalar? highest = max is { } upper ? upper : null;
        return x.clamp(lowest, highest);
    }

    /// <summary>Whole numbers that count up, <c>start, start + step, …</c>.</summary>
    /// <param name="end">The first number that is not reached.</param>
    /// <param name="type">Their type; int64 by default.</param>
    /// <param name="device">Where to put them; the CPU by default.</param>
    /// <param name="start">The first number.</param>
    /// <param name="step">From one number to the next.</param>
    /// <returns>A new tensor <c>[ceil((end - start) / step)]</c>.</returns>
    public static Tensor Range(long end, ScalarType type = ScalarType.Int64, Device? device = null, long start = 0, long step = 1)
    {
        using Scalar first = start;
        using Scalar stop = end;
        using Scalar stride = step;
        return arange(first, stop, stride, type, device);
    }

    /// <summary>A tensor with the same number everywhere.</summary>
    /// <param name="shape">The shape.</param>
    /// <param name="value">The number.</param>
    /// <param name="type">Its type.</param>
    /// <param name="device">Where to put it; the CPU by default.</param>
    /// <returns>A new tensor.</returns>
    public static Tensor Full(long[] shape, double value, ScalarType type, Device? device = null)
    {
        using Scalar number = value;
        return full(shape, number, type, device);
    }
}

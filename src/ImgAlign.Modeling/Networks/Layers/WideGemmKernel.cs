using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ImgAlign.Networks.Layers;

/// <summary>The innermost part of <see cref="WideGemm"/>: 12 rows of W with 32 rows of x, in 24 of the 32 registers.</summary>
internal static unsafe class WideGemmKernel
{
    /// <summary>Rows of W at once.</summary>
    public const int Rows = 12;

    /// <summary>Rows of x at once.</summary>
    public const int Columns = 32;

    /// <summary>Adds the product of a block of W and a packed block of x to a block of sums.</summary>
    /// <param name="x">Packed <c>[depth, 32]</c>.</param>
    /// <param name="w">The first of 12 rows.</param>
    /// <param name="wStride">From one row of W to the next.</param>
    /// <param name="sums">The first of 12 rows of 32 sums.</param>
    /// <param name="sumStride">From one row of sums to the next.</param>
    /// <param name="depth">The number of products in a sum.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Accumulate(float* x, float* w, nint wStride, float* sums, nint sumStride, int depth)
    {
        Vector512<float> a0,
            a1,
            b0,
            b1,
            c0,
            c1,
            d0,
            d1,
            e0,
            e1,
            f0,
            f1,
            g0,
            g1,
            h0,
            h1,
            i0,
            i1,
            j0,
            j1,
            k0,
            k1,
            l0,
            l1;
        a0 = a1 = b0 = b1 = c0 = c1 = d0 = d1 = e0 = e1 = f0 = f1 = g0 = g1 = h0 = h1 = i0 = i1 = j0 = j1 = k0 = k1 = l0 = l1 = default;
        float* w3 = w + 3 * wStride,
            w6 = w + 6 * wStride,
            w9 = w + 9 * wStride;
        for (var step = 0; step < depth; step++, x += Columns, w++, w3++, w6++, w9++)
        {
            var (x0, x1) = (Vector512.Load(x), Vector512.Load(x + 16));
            MultiplyAdd(w[0], x0, x1, ref a0, ref a1);
            MultiplyAdd(w[wStride], x0, x1, ref b0, ref b1);
            MultiplyAdd(w[2 * wStride], x0, x1, ref c0, ref c1);
            MultiplyAdd(w3[0], x0, x1, ref d0, ref d1);
            MultiplyAdd(w3[wStride], x0, x1, ref e0, ref e1);
            MultiplyAdd(w3[2 * wStride], x0, x1, ref f0, ref f1);
            MultiplyAdd(w6[0], x0, x1, ref g0, ref g1);
            MultiplyAdd(w6[wStride], x0, x1, ref h0, ref h1);
            MultiplyAdd(w6[2 * wStride], x0, x1, ref i0, ref i1);
            MultiplyAdd(w9[0], x0, x1, ref j0, ref j1);
            MultiplyAdd(w9[wStride], x0, x1, ref k0, ref k1);
            MultiplyAdd(w9[2 * wStride], x0, x1, ref l0, ref l1);
        }
        AddTo(sums, a0, a1);
        AddTo(sums += sumStride, b0, b1);
        AddTo(sums += sumStride, c0, c1);
        AddTo(sums += sumStride, d0, d1);
        AddTo(sums += sumStride, e0, e1);
        AddTo(sums += sumStride, f0, f1);
        AddTo(sums += sumStride, g0, g1);
        AddTo(sums += sumStride, h0, h1);
        AddTo(sums += sumStride, i0, i1);
        AddTo(sums += sumStride, j0, j1);
        AddTo(sums += sumStride, k0, k1);
        AddTo(sums + sumStride, l0, l1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyAdd(float w, Vector512<float> x0, Vector512<float> x1, ref Vector512<float> sum0, ref Vector512<float> sum1)
    {
        var broadcast = Vector512.Create(w);
        sum0 = Vector512.FusedMultiplyAdd(broadcast, x0, sum0);
        sum1 = Vector512.FusedMultiplyAdd(broadcast, x1, sum1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTo(float* sums, Vector512<float> sum0, Vector512<float> sum1)
    {
        (Vector512.Load(sums) + sum0).Store(sums);
        (Vector512.Load(sums + 16) + sum1).Store(sums + 16);
    }
}
